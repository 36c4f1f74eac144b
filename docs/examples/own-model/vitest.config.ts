import { defineConfig } from 'vitest/config';

// Real processes start in these tests.
export default defineConfig({ test: { testTimeout: 180_000, hookTimeout: 60_000 } });

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/monitoring/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 180_000,
    // Ten processes start in it.
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

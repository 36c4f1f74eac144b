import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/jaeger/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 60_000,
    // Nine processes and a Jaeger start in it.
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

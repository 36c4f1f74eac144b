import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/load/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 120_000,
    // Eight processes start in it, and a table is filled.
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

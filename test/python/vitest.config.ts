import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/python/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 120_000,
    // The first run installs the packages.
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '*/src/**/*.test.ts',
      'test/e2e/**/*.test.ts',
      'test/fault/**/*.test.ts',
      'test/structure/**/*.test.ts',
      'docs/examples/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});

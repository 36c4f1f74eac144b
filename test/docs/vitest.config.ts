import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/docs/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 300_000,
    hookTimeout: 900_000,
    // Guides take the ports that they say.
    fileParallelism: false,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/helm/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    testTimeout: 180_000,
    // An image is built in it, and a cluster started.
    hookTimeout: 900_000,
    fileParallelism: false,
    // What happens in a cluster builds on what happened before.
    sequence: { concurrent: false },
  },
});

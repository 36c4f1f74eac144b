import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/pack/**/*.test.ts'],
    globalSetup: ['test/pack/setup.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // npm installs in them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

import { defineConfig } from 'vitest/config';

const TESTS = [
  '*/src/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/fault/**/*.test.ts',
  'test/structure/**/*.test.ts',
  'docs/examples/**/*.test.ts',
];

/**
 * Files that share a process, so that it loads what they all import once: a third less CPU time. None of them sets what the
 * process has one of, or it stands in OWN_PROCESS; test/structure/shared-process.test.ts looks after that.
 */
export const SHARED_PROCESS = [
  'proto/src/**/*.test.ts',
  'model/src/**/*.test.ts',
  'ps/src/**/*.test.ts',
  'streams/src/**/*.test.ts',
  'stitcher/src/core/**/*.test.ts',
  'trainer/src/core/**/*.test.ts',
  'quickstart/src/formats/**/*.test.ts',
  'test/structure/**/*.test.ts',
];

/** Of the same folders, those with a process of their own. */
export const OWN_PROCESS = ['ps/src/server/tracing.test.ts', 'streams/src/trace-append.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // The tests' own gRPC clients talk to this machine, whatever proxy its environment names.
    env: { no_grpc_proxy: '127.0.0.1,localhost,::1' },
    projects: [
      {
        extends: true,
        test: { name: 'shared', include: SHARED_PROCESS, exclude: OWN_PROCESS, isolate: false },
      },
      { extends: true, test: { name: 'own', include: TESTS, exclude: SHARED_PROCESS } },
      { extends: true, test: { name: 'own, beside shared', include: OWN_PROCESS } },
    ],
  },
});

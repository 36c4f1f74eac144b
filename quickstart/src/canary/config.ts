// Settings of `weir canary`.
import { adminConfig, clientConfig, hostPort } from '@weir/runtime';
import { z } from 'zod';

export const canaryConfig = z.strictObject({
  ...adminConfig,
  ...clientConfig,
  predictor: hostPort().describe('address of the predictor'),
  collector: hostPort().describe('address of the collector'),
  intervalMs: z.int().positive().default(10_000).describe('pause between two synthetic requests'),
  timeoutMs: z
    .int()
    .positive()
    .default(60_000)
    .describe('how long a synthetic request may take through the whole loop'),
});

export type CanaryConfig = z.infer<typeof canaryConfig>;

// Settings of `weir collector`.
import { clientConfig, hostPort, listenConfig } from '@weir/runtime';
import { z } from 'zod';

export const collectorConfig = z.strictObject({
  ...listenConfig,
  ...clientConfig,
  httpListen: hostPort()
    .default('127.0.0.1:0')
    .describe('address of POST /v1/features and /v1/events; port 0: any free one'),
  streams: hostPort().describe('address of the streams server'),
  partitions: z.int().positive().max(1024).default(2).describe('partitions of streams that have to be made'),
});

export type CollectorConfig = z.infer<typeof collectorConfig>;

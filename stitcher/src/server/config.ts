// Settings of `weir stitcher`.
import { hostPort, listenConfig } from '@weir/runtime';
import { z } from 'zod';

const windows = () => z.array(z.string()).default([]).meta({ placeholder: 'LABEL=TIME,...' });

export const stitcherConfig = z.strictObject({
  ...listenConfig,
  streams: hostPort().describe('address of the streams server'),
  data: z.string().min(1).describe('folder of open requests, made if missing').meta({ placeholder: 'DIR' }),
  durability: z
    .enum(['process', 'machine'])
    .default('process')
    .describe('samples leave when their state survives kill -9, or power loss'),
  labels: z
    .array(z.string().min(1))
    .optional()
    .describe("event types that are labels; default: the schema's, or click")
    .meta({ placeholder: 'NAME,...' }),
  schema: z
    .string()
    .optional()
    .describe('schema file, for its labels and their windows')
    .meta({ placeholder: 'FILE' }),
  observation: windows().describe('observation windows, as click=10m; default by label'),
  attribution: windows().describe('attribution windows, as click=20m; default by label'),
  policy: z
    .enum(['wait', 'fast'])
    .default('wait')
    .describe('each label at the end of its window, or negatives at once and positives as they come'),
  deterministic: z
    .boolean()
    .default(false)
    .describe(
      'only progress records move the time, so that the same input gives the same samples; refuses fast',
    ),
  partitions: z.int().positive().max(1024).default(2).describe('partitions of streams that have to be made'),
});

export type StitcherConfig = z.infer<typeof stitcherConfig>;

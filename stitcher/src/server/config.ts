// Settings of `weir stitcher`.
import { clientConfig, hostPort, listenConfig } from '@weir/runtime';
import { z } from 'zod';

const windows = () => z.array(z.string()).default([]).meta({ placeholder: 'LABEL=TIME,...' });

export const stitcherConfig = z.strictObject({
  ...listenConfig,
  ...clientConfig,
  streams: hostPort().describe('address of the streams server'),
  data: z
    .string()
    .min(1)
    .describe('folder of open requests, made if missing; with --member a copy of them, one folder for each')
    .meta({ placeholder: 'DIR' }),
  member: z
    .string()
    .min(1)
    .optional()
    .describe(
      'one of several stitchers that share the partitions, by a name of its own: joins the group "stitcher" at --seeds; the state of a partition is then kept in the streams and moves with it. Default: alone, with all partitions, and the folder is the state',
    )
    .meta({ placeholder: 'NAME' }),
  seeds: z
    .array(z.string().min(1))
    .default([])
    .describe('addresses of shards of the parameter server, any one is enough; with --member')
    .meta({ placeholder: 'HOST:PORT,...' }),
  leaseMs: z
    .int()
    .min(200)
    .max(3_600_000)
    .default(10_000)
    .describe('a member without a sign of life for this long loses its partitions to the others'),
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

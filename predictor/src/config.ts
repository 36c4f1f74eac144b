// Settings of `weir predictor`.
import { clientConfig, hostPort, listenConfig } from '@weir/runtime';
import { z } from 'zod';

export const predictorConfig = z.strictObject({
  ...listenConfig,
  ...clientConfig,
  httpListen: hostPort().default('127.0.0.1:0').describe('address of POST /v1/rank; port 0: any free one'),
  streams: hostPort()
    .optional()
    .describe(
      'address of the streams server; without one no answer is logged, and nothing is learned from any',
    ),
  seeds: z
    .array(z.string().min(1))
    .min(1)
    .describe('addresses of shards, any one is enough')
    .meta({ placeholder: 'HOST:PORT,...' }),
  model: z
    .string()
    .default('lr')
    .describe('built-in model, or a module of your own')
    .meta({ placeholder: 'NAME|FILE' }),
  static: z
    .string()
    .optional()
    .describe("the model's static part, an ONNX file; POST /static brings in another")
    .meta({ placeholder: 'FILE' }),
  schema: z.string().optional().describe("the model's schema file").meta({ placeholder: 'FILE' }),
  labels: z
    .array(z.string().min(1))
    .min(1)
    .default(['click'])
    .describe('labels to score, one head each')
    .meta({ placeholder: 'NAME,...' }),
  tableSet: z.string().default('default').describe("namespace of the model's tables"),
  partitions: z
    .int()
    .positive()
    .default(2)
    .describe('partitions of the stream `features`, if it has to be made'),
  featureLog: z
    .enum(['after_answer', 'before_answer'])
    .default('after_answer')
    .describe('answer first and drop records when the queue is full, or log first and slow down'),
  freezeAfter: z
    .int()
    .positive()
    .optional()
    .describe('from this rank request on, score a frozen copy of the model beside the live one'),
  frozenPercent: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      'of the users: those who are answered by the frozen copy; an A/B experiment, drawn by a salted hash',
    ),
});

export type PredictorConfig = z.infer<typeof predictorConfig>;

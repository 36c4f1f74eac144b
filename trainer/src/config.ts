// Settings of `weir trainer`.
import { adminConfig, clientConfig, hostPort } from '@weir/runtime';
import { z } from 'zod';
import {
  BARRIER_WINDOWS_DEFAULT,
  IN_FLIGHT_DEFAULT,
  IN_FLIGHT_MAX,
  LEASE_MS_DEFAULT,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  STALENESS_MAX_DEFAULT,
  STALENESS_MAX_LARGEST,
  WINDOW_REQUESTS_DEFAULT,
  WINDOW_TIMEOUT_MS_DEFAULT,
} from './limits.ts';

export const trainerConfig = z.strictObject({
  ...adminConfig,
  ...clientConfig,
  streams: hostPort().describe('address of the streams server'),
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
    .describe("the model's static part: samples of another one are left out")
    .meta({ placeholder: 'FILE' }),
  schema: z.string().optional().describe("the model's schema file").meta({ placeholder: 'FILE' }),
  labels: z
    .array(z.string().min(1))
    .min(1)
    .default(['click'])
    .describe('labels to learn, one head each')
    .meta({ placeholder: 'NAME,...' }),
  tableSet: z.string().default('default').describe("namespace of the model's tables"),
  member: z
    .string()
    .min(1)
    .default('trainer-0')
    .describe('name among the trainers of the table set: a second process of the same name takes its place')
    .meta({ placeholder: 'NAME' }),
  leaseMs: z
    .int()
    .min(LEASE_MS_MIN)
    .max(LEASE_MS_MAX)
    .default(LEASE_MS_DEFAULT)
    .describe('the others take its partitions over when it has not been heard of for this long'),
  window: z
    .int()
    .positive()
    .default(WINDOW_REQUESTS_DEFAULT)
    .describe('requests that are learned at once, with gradients summed per key'),
  windowTimeoutMs: z
    .int()
    .positive()
    .default(WINDOW_TIMEOUT_MS_DEFAULT)
    .describe('learn a window that is not full after this long; never with --deterministic'),
  inFlight: z
    .int()
    .positive()
    .max(IN_FLIGHT_MAX)
    .default(IN_FLIGHT_DEFAULT)
    .describe('pushes that may be unacknowledged when the next window is pulled, counting its own'),
  stalenessMax: z
    .int()
    .min(0)
    .max(STALENESS_MAX_LARGEST)
    .default(STALENESS_MAX_DEFAULT)
    .describe('windows that it may begin ahead of the slowest trainer that has samples'),
  barrierWindows: z
    .int()
    .positive()
    .default(BARRIER_WINDOWS_DEFAULT)
    .describe("windows after which trainers average the model's dense part, if it has one"),
  sampleRatio: z
    .string()
    .default('')
    .describe("keep this share of a label's negatives, each weighted by 1 / ratio")
    .meta({ placeholder: 'LABEL=RATIO,...' }),
  deterministic: z
    .boolean()
    .default(false)
    .describe('one push in flight and no window timeout: the same input gives the same rows'),
});

export type TrainerConfig = z.infer<typeof trainerConfig>;

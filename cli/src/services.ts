// The services that `weir` can run. Each is loaded only when it is the one to run.
import type { ServiceDefinition } from '@weir/runtime';

export interface ServiceEntry {
  readonly name: string;
  readonly summary: string;
  /** A whole command line, for `--help`. */
  readonly example: string;
  readonly load: () => Promise<ServiceDefinition<never>>;
}

const STREAMS = '--streams 127.0.0.1:7080';
const SEEDS = '--seeds 127.0.0.1:7070,127.0.0.1:7071';

// A definition takes its own settings only; runService hands it what its schema made of them.
export const SERVICES: readonly ServiceEntry[] = [
  {
    name: 'ps',
    summary: 'run one shard of the parameter server',
    example: 'weir ps --id shard-0 --data shard-0 --listen 127.0.0.1:7070 --topology topology.json',
    load: async () => (await import('@weir/ps')).psService,
  },
  {
    name: 'streams',
    summary: 'run the streams between the services',
    example: 'weir streams --data streams --listen 127.0.0.1:7080',
    load: async () => (await import('@weir/streams')).streamsService,
  },
  {
    name: 'collector',
    summary: 'take features and behaviour in',
    example: `weir collector ${STREAMS} --http-listen 127.0.0.1:7081`,
    load: async () => (await import('@weir/stitcher')).collectorService,
  },
  {
    name: 'stitcher',
    summary: 'join features with behaviour into samples',
    example: `weir stitcher ${STREAMS} --data stitcher --labels click,purchase --attribution click=5m`,
    load: async () => (await import('@weir/stitcher')).stitcherService,
  },
  {
    name: 'trainer',
    summary: 'learn from samples',
    example: `weir trainer ${STREAMS} ${SEEDS} --model ./my-model.ts`,
    load: async () => (await import('@weir/trainer')).trainerService,
  },
  {
    name: 'predictor',
    summary: 'rank documents',
    example: `weir predictor ${STREAMS} ${SEEDS} --http-listen 127.0.0.1:7082 --model ./my-model.ts`,
    load: async () => (await import('@weir/predictor')).predictorService,
  },
  {
    name: 'canary',
    summary: 'send synthetic requests through the whole loop',
    example:
      'weir canary --predictor 127.0.0.1:7083 --collector 127.0.0.1:7084 --admin-listen 127.0.0.1:9464',
    load: async () => (await import('@weir/quickstart')).canaryService,
  },
];

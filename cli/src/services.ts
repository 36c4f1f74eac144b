// The services that `weir` can run. Each is loaded only when it is the one to run.
import type { ServiceDefinition } from '@weir/runtime';

export interface ServiceEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<ServiceDefinition<never>>;
}

// A definition takes its own settings only; runService hands it what its schema made of them.
type Loader = () => Promise<ServiceDefinition<never>>;

const service = (name: string, summary: string, load: Loader): ServiceEntry => ({ name, summary, load });

export const SERVICES: readonly ServiceEntry[] = [
  service('ps', 'run one shard of the parameter server', async () => (await import('@weir/ps')).psService),
  service(
    'streams',
    'run the streams between the services',
    async () => (await import('@weir/streams')).streamsService,
  ),
  service(
    'collector',
    'take features and behaviour in',
    async () => (await import('@weir/stitcher')).collectorService,
  ),
  service(
    'stitcher',
    'join features with behaviour into samples',
    async () => (await import('@weir/stitcher')).stitcherService,
  ),
  service('trainer', 'learn from samples', async () => (await import('@weir/trainer')).trainerService),
  service('predictor', 'rank documents', async () => (await import('@weir/predictor')).predictorService),
];

// What `weir` knows of the collector before it runs; the rest is loaded when it starts.
import { defineService } from '@weir/runtime';
import { collectorConfig } from './config.ts';

export const collectorService = defineService({
  name: 'collector',
  summary: 'take features and behaviour in',
  config: collectorConfig,
  start: async (config, runtime) => (await import('./service.ts')).startCollector(config, runtime),
});

// What `weir` knows of the stitcher before it runs; the rest is loaded when it starts.
import { defineService } from '@weir/runtime';
import { stitcherConfig } from './config.ts';

export const stitcherService = defineService({
  name: 'stitcher',
  summary: 'join features with behaviour into samples',
  config: stitcherConfig,
  start: async (config, runtime) => (await import('./service.ts')).startStitcher(config, runtime),
});

// The whole loop as processes, with the plainest model: what suites need that look at it from outside.
import { type Loop, openLoop } from '../../cli/src/local-cluster/loop.ts';

/** In a temporary folder; services that end are told on stderr, and started again. */
export function openPlainLoop(): Promise<Loop> {
  return openLoop({
    data: undefined,
    settings: {
      model: 'lr',
      schema: undefined,
      labels: ['click'],
      attributionMs: {},
      policy: 'wait',
      window: 128,
      deterministic: false,
      freezeAfter: undefined,
    },
    report: (message) => process.stderr.write(`${message}\n`),
  });
}

/** Of its shards. */
export function seedsOf({ cluster }: Loop): string[] {
  return cluster.addresses.shards.map(({ listen }) => listen);
}

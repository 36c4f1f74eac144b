// `weir routing`: which shard holds which part of the key space.
import type { Command } from 'commander';
import { type ClusterOptions, clusterVerb, onCluster } from '../cluster-verb.ts';
import { columns } from '../output.ts';

export function registerRouting(program: Command): void {
  clusterVerb(program.command('routing'))
    .summary('show which shard owns how many slots')
    .description('The routing table: its epoch, and the slots of the key space that each shard owns.')
    .addHelpText('after', '\nExample:\n  weir routing --seeds 127.0.0.1:7070 --json')
    .action((options: ClusterOptions) =>
      onCluster(options, async (weir) => {
        const { epoch, shards, slots } = weir.routing();
        const owned = shards.map(({ id, address }, index) => ({
          id,
          address,
          slots: slots.reduce((count, shard) => count + (shard === index ? 1 : 0), 0),
        }));
        const rows = owned.map((shard) => [shard.id, shard.address, shard.slots]);
        return {
          json: { epoch, shards: owned },
          text: `epoch ${epoch}\n\n${columns(['shard', 'address', 'slots'], rows)}`,
        };
      }),
    );
}

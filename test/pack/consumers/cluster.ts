// Shards for the other consumers, from the packed @weir/ps: prints their addresses, ends when stdin does.
import { startCluster } from '@weir/ps/testing';

await using cluster = await startCluster({ shards: 2 });
console.log(cluster.seeds.join(','));
for await (const _ of process.stdin);

// Real shards for tests, a model team's own included: `await using cluster = await startCluster({ shards: 2 })`.
export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';

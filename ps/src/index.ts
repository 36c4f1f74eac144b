// The parameter server: one shard as a service. Clients use @weir/sdk; tests start shards with @weir/ps/testing.
export { psService } from './server/ps-service.ts';

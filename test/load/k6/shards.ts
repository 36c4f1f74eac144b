// This client's connections to the shards, made by its first call.
import { Client } from 'k6/net/grpc';
import { connection } from './identity.ts';
import { clusterPlan } from './read-plan.ts';

export const cluster = clusterPlan();
const clients = cluster.shards.map(() => parameterServer());
let connected = false;

/** In the order of the routing table. */
export function shards(): readonly Client[] {
  if (connected) return clients;
  for (const [i, { address }] of cluster.shards.entries()) clients[i]!.connect(address, connection);
  connected = true;
  return clients;
}

function parameterServer(): Client {
  const client = new Client();
  client.load([import.meta.resolve('../../../proto')], 'weir/v1/parameter_server.proto');
  return client;
}

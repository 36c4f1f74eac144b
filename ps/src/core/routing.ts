import type { PackedKeys } from '@weir/proto';
import type { RoutingTable } from '@weir/proto/v1/parameter_server';
import type { Topology } from './topology.ts';

/** Which slots this shard serves, at which epoch. */
export interface Ownership {
  readonly shard: string;
  readonly epoch: number;
  /** 1,024 entries, 1 where owned. */
  readonly slots: Uint8Array;
}

/** The routing table that every process computes alike: shards sorted by id, slots by the ring, hash of both. */
export function routingTableOf(_topology: Topology): RoutingTable {
  throw new Error('not built yet');
}

/** @throws WeirError CONFIGURATION when the routing table has no such shard. */
export function ownershipOf(_routing: RoutingTable, _shard: string): Ownership {
  throw new Error('not built yet');
}

/** Indexes of keys that the shard does not own (`PullResult.refused`); empty almost always. */
export function foreignKeys(_keys: PackedKeys, _ownership: Ownership): Uint32Array {
  throw new Error('not built yet');
}

// The routing table (slot -> shard, with an epoch) and what one shard owns by it.
import { bytesOf, type PackedKeys, SLOT_COUNT, slotOf, WeirError, xxHash64OfBytes } from '@weir/proto';
import type { RoutingTable } from '@weir/proto/v1/parameter_server';
import { ringOf } from './ring.ts';
import type { Topology } from './topology.ts';

/** Which slots this shard serves, at which epoch. */
export interface Ownership {
  readonly shard: string;
  readonly epoch: number;
  /** 1,024 entries, 1 where owned. */
  readonly slots: Uint8Array;
  /** Whether all slots are: then no key needs a look. */
  readonly all: boolean;
}

/**
 * The routing table that every process computes alike: shards sorted by id, slots by the ring, and a hash of ids
 * and slots (of neither epoch nor addresses: those may change without a row changing its shard).
 */
export function routingTableOf(topology: Topology): RoutingTable {
  const shards = topology.shards.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const ids = shards.map((shard) => shard.id);
  const slots = bytesOf(ringOf(ids));
  return { epoch: topology.epoch, shards, slots, hash: hashOf(ids, slots) };
}

/** @throws WeirError CONFIGURATION when the routing table has no such shard. */
export function ownershipOf(routing: RoutingTable, shard: string): Ownership {
  const index = routing.shards.findIndex((candidate) => candidate.id === shard);
  if (index === -1) {
    const known = routing.shards.map((candidate) => candidate.id).join(', ');
    throw new WeirError('CONFIGURATION', `shard ${shard} is not in the topology, which has ${known}`, {
      shard,
    });
  }
  const view = new DataView(routing.slots.buffer, routing.slots.byteOffset, routing.slots.byteLength);
  const slots = new Uint8Array(SLOT_COUNT);
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    slots[slot] = Number(view.getUint16(2 * slot, true) === index);
  return { shard, epoch: routing.epoch, slots, all: slots.every((owned) => owned === 1) };
}

const NONE = new Uint32Array(0);

/** Indexes of keys that the shard does not own (`PullResult.refused`); empty almost always. */
export function foreignKeys(keys: PackedKeys, ownership: Ownership): Uint32Array {
  if (ownership.all) return NONE;
  const foreign: number[] = [];
  for (let i = 0; 2 * i < keys.length; i++) {
    if (ownership.slots[slotOf(keys[2 * i]!, keys[2 * i + 1]!)] !== 1) foreign.push(i);
  }
  return Uint32Array.from(foreign);
}

function hashOf(ids: readonly string[], slots: Uint8Array): string {
  const names = new TextEncoder().encode(JSON.stringify(ids));
  const content = new Uint8Array(names.length + slots.length);
  content.set(names);
  content.set(slots, names.length);
  return xxHash64OfBytes(content).toString(16).padStart(16, '0');
}

// The routing table as the client holds it: slot -> shard, with an epoch. Pure.
import { SLOT_COUNT, slotOfName, WeirError } from '@weir/proto';
import type { RoutingTable as RoutingMessage } from '@weir/proto/v1/parameter_server';

/** A shard, and `HOST:PORT` where it listens. */
export interface ShardAddress {
  /** Stable; an address may change under it. */
  readonly id: string;
  readonly address: string;
}

/** Which shard owns which of the 1,024 slots; a higher epoch is newer. */
export interface RoutingTable {
  readonly epoch: number;
  readonly shards: readonly ShardAddress[];
  /** Slot -> index into `shards`. */
  readonly slots: Uint16Array;
}

/**
 * A shard's answer as a routing table.
 * @throws WeirError INTERNAL when the answer contradicts itself.
 */
export function decodeRouting(message: RoutingMessage, from: string): RoutingTable {
  const fail = (what: string): never => {
    throw new WeirError('INTERNAL', `the routing table of ${from}: ${what}`);
  };
  if (message.shards.length === 0) fail('no shards');
  if (message.slots.byteLength !== SLOT_COUNT * 2) {
    fail(`${message.slots.byteLength} bytes of slots instead of ${SLOT_COUNT * 2}`);
  }
  const slots = new Uint16Array(new Uint8Array(message.slots).buffer);
  if (slots.some((shard) => shard >= message.shards.length)) fail('a slot without a shard');
  if (new Set(message.shards.map((shard) => shard.id)).size !== message.shards.length) {
    fail('two shards of one id');
  }
  for (const { id, address } of message.shards) {
    if (!isAddress(address)) fail(`the address of ${id} is '${address}', not HOST:PORT`);
  }
  return {
    epoch: message.epoch,
    shards: message.shards.map(({ id, address }) => ({ id, address })),
    slots,
  };
}

export function isAddress(text: string): boolean {
  return /^.+:\d{1,5}$/.test(text);
}

/** The shard that owns the slot of a name: where a group lives, and which decides who creates a table first. */
export function homeShard(name: string, routing: RoutingTable): ShardAddress {
  return routing.shards[routing.slots[slotOfName(name)]!]!;
}

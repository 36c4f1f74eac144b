// What a shard stores about itself, and whether it may open its folder under the current routing table. A changed
// set of shards must never read as rows silently back at their initial values, so a folder with data serves
// exactly the slots that it was written for.
import { SLOT_COUNT, WeirError } from '@weir/proto';
import type { RoutingTable } from '@weir/proto/v1/parameter_server';
import { z } from 'zod';
import { ownershipOf } from './routing.ts';

/**
 * Of everything in a shard's folder: raised when an older Weir could not read what a newer one writes. Format 1 is gone: no
 * table was kept in it.
 */
export const FOLDER_FORMAT_VERSION = 2;

export interface ShardIdentity {
  readonly formatVersion: number;
  readonly id: string;
  readonly slotCount: number;
  readonly epoch: number;
  readonly routingHash: string;
  /** Slots owned, ascending. */
  readonly slots: readonly number[];
}

const identitySchema = z.strictObject({
  formatVersion: z.int(),
  id: z.string(),
  slotCount: z.int(),
  epoch: z.int().min(1),
  routingHash: z.string(),
  slots: z.array(
    z
      .int()
      .min(0)
      .max(SLOT_COUNT - 1),
  ),
});

/** @throws WeirError CONFIGURATION when the routing table has no such shard. */
export function identityOf(id: string, routing: RoutingTable): ShardIdentity {
  const owned = ownershipOf(routing, id).slots;
  return {
    formatVersion: FOLDER_FORMAT_VERSION,
    id,
    slotCount: SLOT_COUNT,
    epoch: routing.epoch,
    routingHash: routing.hash,
    slots: Array.from(owned.keys()).filter((slot) => owned[slot] === 1),
  };
}

export function encodeIdentity(identity: ShardIdentity): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(identity));
}

/** @throws WeirError CORRUPT; CONFIGURATION for another format. */
export function decodeIdentity(bytes: Uint8Array): ShardIdentity {
  let stored: unknown;
  try {
    stored = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new WeirError('CORRUPT', "the shard's stored identity is not JSON", { cause: error });
  }
  // The version first: a newer format may have other fields.
  const version = z.object({ formatVersion: z.int() }).safeParse(stored).data?.formatVersion;
  if (version !== undefined && version > FOLDER_FORMAT_VERSION) {
    throw new WeirError(
      'CONFIGURATION',
      `the folder has format ${version}, this Weir reads up to ${FOLDER_FORMAT_VERSION}: start a newer Weir`,
    );
  }
  if (version !== undefined && version < FOLDER_FORMAT_VERSION) {
    throw new WeirError(
      'CONFIGURATION',
      `the folder has format ${version}, this Weir reads ${FOLDER_FORMAT_VERSION}: choose an empty folder with --data, or start the Weir that wrote it`,
    );
  }
  const result = identitySchema.safeParse(stored);
  if (!result.success) {
    throw new WeirError(
      'CORRUPT',
      `the shard's stored identity is damaged: ${z.prettifyError(result.error)}`,
    );
  }
  return result.data;
}

/**
 * Whether a shard may open its folder. Returns the identity to store; equal to `stored` when nothing changed.
 * A new folder always opens: by itself it cannot know whether other shards hold data.
 * @param stored undefined for a new folder.
 * @param hasData whether the folder holds tables or log records.
 * @throws WeirError CONFIGURATION: another shard's folder, another slot count, a lower epoch, the same epoch with
 * another routing table, or other slots while there is data.
 */
export function decideOpen(
  stored: ShardIdentity | undefined,
  current: ShardIdentity,
  hasData: boolean,
): ShardIdentity {
  if (stored === undefined) return current;
  const refuse = (reason: string): never => {
    throw new WeirError('CONFIGURATION', reason, { shard: current.id });
  };
  if (stored.id !== current.id) {
    refuse(`the folder belongs to shard ${stored.id}, not to ${current.id}: check --id and --data`);
  }
  if (stored.slotCount !== current.slotCount) {
    refuse(`the folder was written with ${stored.slotCount} slots, this Weir has ${current.slotCount}`);
  }
  if (current.epoch < stored.epoch) {
    refuse(
      `the topology has epoch ${current.epoch}, shard ${stored.id} has served epoch ${stored.epoch}: it is out of date`,
    );
  }
  if (current.epoch === stored.epoch && current.routingHash !== stored.routingHash) {
    refuse(
      `the topology changed without a new epoch: epoch ${current.epoch} had routing hash ${stored.routingHash}, now it has ${current.routingHash}`,
    );
  }
  if (hasData) requireSameSlots(stored, current, refuse);
  return current;
}

function requireSameSlots(
  stored: ShardIdentity,
  current: ShardIdentity,
  refuse: (reason: string) => never,
): void {
  const before = new Set(stored.slots);
  const now = new Set(current.slots);
  const gained = current.slots.filter((slot) => !before.has(slot)).length;
  const lost = stored.slots.filter((slot) => !now.has(slot)).length;
  if (gained > 0) {
    refuse(
      `shard ${current.id} would gain ${gained} slots whose rows it does not hold: the set of shards cannot change while there is data`,
    );
  }
  // Whoever has these slots now does not hold their rows.
  if (lost > 0) {
    refuse(
      `shard ${current.id} would lose ${lost} slots whose rows only it holds: the set of shards cannot change while there is data`,
    );
  }
}

import type { RoutingTable } from '@weir/proto/v1/parameter_server';

/** What a shard stores about itself in its folder. */
export interface ShardIdentity {
  readonly formatVersion: number;
  readonly id: string;
  readonly slotCount: number;
  readonly epoch: number;
  readonly routingHash: string;
  /** Slots owned, ascending. */
  readonly slots: readonly number[];
}

export function identityOf(_id: string, _routing: RoutingTable): ShardIdentity {
  throw new Error('not built yet');
}

export function encodeIdentity(_identity: ShardIdentity): Uint8Array {
  throw new Error('not built yet');
}

/** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
export function decodeIdentity(_bytes: Uint8Array): ShardIdentity {
  throw new Error('not built yet');
}

/**
 * Whether a shard may open its folder under the current routing table. Returns the identity to store; equal to
 * `stored` when nothing changed.
 * @param stored undefined for a new folder.
 * @param hasData whether the folder holds tables or log records.
 * @throws WeirError CONFIGURATION: another shard's folder, a lower epoch, the same epoch with another table, or
 * other slots while there is data.
 */
export function decideOpen(
  _stored: ShardIdentity | undefined,
  _current: ShardIdentity,
  _hasData: boolean,
): ShardIdentity {
  throw new Error('not built yet');
}

// Canaries: synthetic requests that go through the whole loop and teach no model anything. What makes one is its serving
// id, which every record, message and log line about it carries. It names the token that comes back to whoever sent it: the
// trainer stores it in rows of a table of its own, one on each shard, and the predictor answers with what its replica has.
import { type PackedKeys, packKeys, unpackKeys } from './keys.ts';
import { slotOf } from './slots.ts';

const PREFIX = 'weir-canary:';
/** A whole number up to here is a float32 of its own. */
export const CANARY_TOKEN_MAX = 2 ** 24 - 1;
/** Of a canary that only looks what came of another: it is not logged. */
export const CANARY_LOOK = 0;
/** Type of its event. */
export const CANARY_EVENT = 'canary';
/** Of a table set, without the namespace. One row for each shard, the last token. */
export const CANARY_TABLE = {
  name: 'weir-canary',
  dim: 1,
  optimizer: { kind: 'assign' },
  initializer: { kind: 'zero' },
} as const;

/** @param token 1 to CANARY_TOKEN_MAX, or CANARY_LOOK; @param nonce makes the id the only one of its kind. */
export function canaryServingId(token: number, nonce: string): string {
  return `${PREFIX}${token}:${nonce}`;
}

/** The token of a canary; undefined: it is a user's request. */
export function canaryToken(servingId: string): number | undefined {
  if (!servingId.startsWith(PREFIX)) return undefined;
  const token = Number.parseInt(servingId.slice(PREFIX.length), 10);
  // Whatever else begins so is nobody's request either.
  return token > 0 && token <= CANARY_TOKEN_MAX ? token : CANARY_LOOK;
}

export function isCanary(servingId: string): boolean {
  return servingId.startsWith(PREFIX);
}

/** For each shard, in their order, the smallest key that it owns. @param slots slot -> index of its shard. */
export function canaryKeys(slots: Uint16Array, shards: number): PackedKeys {
  const keys = new BigUint64Array(shards);
  const missing = new Set(keys.keys());
  for (let key = 1n; missing.size > 0 && key < KEYS_TRIED; key++) {
    const packed = packKeys(BigUint64Array.of(key));
    const shard = slots[slotOf(packed[0]!, packed[1]!)]!;
    if (missing.delete(shard)) keys[shard] = key;
  }
  // A shard without slots has no rows to show.
  return packKeys(unpackKeys(packKeys(keys)).filter((key) => key !== 0n));
}

/** Far more than there are slots: each is hit. */
const KEYS_TRIED = 1n << 16n;

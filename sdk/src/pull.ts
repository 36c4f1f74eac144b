// A pull: split by shard and into bounded requests, asked in parallel, put together in the order of keys.
import {
  FRAME_BYTES,
  floatsFromBytes,
  KEY_BYTES,
  keyCount,
  type PackedKeys,
  PullFrame,
  u32FromBytes,
  WeirError,
} from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { CallScope } from './call-scope.ts';
import type { PullAnswer } from './pull-lane.ts';
import { decide, delay } from './retry.ts';
import type { Router } from './router.ts';
import { composePositions, type Slice, scatterRows, slice } from './slice.ts';
import type { TableRef } from './table-ref.ts';

/** Keys for one shard, copied into the message that asks for them, and where their rows go in the answer. */
interface Request {
  readonly frame: PullFrame;
  /** Undefined: it asks for all rows of the pull, in order. */
  readonly positions: Uint32Array | undefined;
}

/** Rows of packed keys as f32 [keys x dim]; the keys are copied before it returns. */
export async function pullRows(
  router: Router,
  table: TableRef,
  keys: PackedKeys,
  scope: CallScope,
): Promise<Float32Array> {
  const pull = new Pull(router, table, scope, keyCount(keys));
  await pull.rowsOf(keys, undefined, 1);
  return pull.rows;
}

class Pull {
  readonly #router: Router;
  readonly #table: TableRef;
  readonly #scope: CallScope;
  readonly #count: number;
  #rows: Float32Array | undefined;

  constructor(router: Router, table: TableRef, scope: CallScope, count: number) {
    this.#router = router;
    this.#table = table;
    this.#scope = scope;
    this.#count = count;
  }

  get rows(): Float32Array {
    this.#rows ??= new Float32Array(this.#count * this.#table.dim);
    return this.#rows;
  }

  /** @param positions where each key's row goes; undefined: in the order of keys. */
  async rowsOf(keys: PackedKeys, positions: Uint32Array | undefined, attempt: number): Promise<void> {
    const routing = this.#router.current;
    const requests: Promise<void>[] = [];
    for (const part of slice(keys, routing)) {
      const shard = routing.shards[part.shard]!.id;
      const target = { keys: part.keys, positions: composePositions(part.positions, positions) };
      for (const request of requestsOf(target, this.#table)) {
        requests.push(this.#ask(shard, routing.epoch, request, attempt));
      }
    }
    await Promise.all(requests);
  }

  async #ask(shard: string, epoch: number, request: Request, firstAttempt: number): Promise<void> {
    for (let attempt = firstAttempt; ; attempt++) {
      let answer: PullAnswer;
      try {
        answer = await this.#router.shard(shard).pulls.pull(this.#table, request.frame, epoch, this.#scope);
      } catch (thrown) {
        const error = WeirError.from(thrown);
        const decision = this.#scope.ended ? 'fail' : decide(error);
        if (decision === 'fail') throw error;
        if (decision === 'reroute') return this.#reroute(request, error.epoch, attempt);
        await this.#scope.sleep(delay(attempt, error.retryAfterMs, Math.random()));
        continue;
      }
      this.#take(answer.values, request);
      if (answer.refused.byteLength === 0) return;
      return this.#reroute(pick(request, this.#table, u32FromBytes(answer.refused)), answer.epoch, attempt);
    }
  }

  #take(bytes: Uint8Array, { positions }: Request): void {
    const values = floatsFromBytes(bytes);
    if (positions !== undefined) scatterRows(values, positions, this.#table.dim, this.rows);
    // An answer with memory of its own becomes the result; a small one may share gRPC's.
    else this.#rows = values.byteLength * 2 > values.buffer.byteLength ? values : values.slice();
  }

  /** Asks again where a newer routing table says. */
  async #reroute(request: Request, epoch: number | undefined, attempt: number): Promise<void> {
    await this.#scope.sleep(delay(attempt, undefined, Math.random()));
    await this.#router.refresh(this.#scope, epoch);
    await this.rowsOf(request.frame.keys, request.positions, attempt + 1);
  }
}

function pick({ frame, positions }: Request, { uid }: TableRef, indexes: Uint32Array): Request {
  const picked = new PullFrame(uid, indexes.length, ValueEncoding.F32);
  for (let i = 0; i < indexes.length; i++) {
    picked.keys[2 * i] = frame.keys[2 * indexes[i]!]!;
    picked.keys[2 * i + 1] = frame.keys[2 * indexes[i]! + 1]!;
  }
  return { frame: picked, positions: composePositions(indexes, positions) };
}

/** Cuts a slice into requests such that neither a request nor its answer exceeds a frame. */
export function requestsOf(
  { keys, positions }: Pick<Slice, 'keys' | 'positions'>,
  { uid, dim }: TableRef,
): Request[] {
  const keysMax = Math.max(1, Math.floor(FRAME_BYTES / Math.max(KEY_BYTES, dim * 4)));
  const count = keyCount(keys);
  const requests: Request[] = [];
  for (let start = 0; start < count; start += keysMax) {
    const end = Math.min(count, start + keysMax);
    const frame = new PullFrame(uid, end - start, ValueEncoding.F32);
    frame.keys.set(keys.subarray(2 * start, 2 * end));
    const whole = positions === undefined && end - start === count;
    requests.push({ frame, positions: whole ? undefined : placesOf(positions, start, end) });
  }
  return requests;
}

function placesOf(positions: Uint32Array | undefined, start: number, end: number): Uint32Array {
  return positions?.subarray(start, end) ?? Uint32Array.from({ length: end - start }, (_, i) => start + i);
}

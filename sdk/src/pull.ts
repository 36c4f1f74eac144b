// A pull: split by shard and into bounded requests, asked in parallel, put together in the order of keys.
import {
  FRAME_BYTES,
  floatsFromBytes,
  KEY_BYTES,
  type PackedKeys,
  u32FromBytes,
  WeirError,
} from '@weir/proto';
import type { CallScope } from './call-scope.ts';
import type { PullAnswer } from './pull-lane.ts';
import { decide, delay } from './retry.ts';
import type { Router } from './router.ts';
import { composePositions, type Slice, scatterRows, slice } from './slice.ts';
import type { TableRef } from './table-ref.ts';

/** Keys for one shard, and where their rows go in the answer. */
interface Request {
  readonly keys: PackedKeys;
  readonly positions: Uint32Array;
}

/** Rows of packed keys as f32 [keys x dim]; the keys are copied before it returns. */
export async function pullRows(
  router: Router,
  table: TableRef,
  keys: PackedKeys,
  scope: CallScope,
): Promise<Float32Array> {
  const pull = new Pull(router, table, scope, new Float32Array((keys.length / 2) * table.dim));
  await pull.rowsOf(keys, undefined, 1);
  return pull.rows;
}

class Pull {
  readonly #router: Router;
  readonly #table: TableRef;
  readonly #scope: CallScope;
  readonly rows: Float32Array;

  constructor(router: Router, table: TableRef, scope: CallScope, rows: Float32Array) {
    this.#router = router;
    this.#table = table;
    this.#scope = scope;
    this.rows = rows;
  }

  /** @param positions where each key's row goes; undefined: in the order of keys. */
  async rowsOf(keys: PackedKeys, positions: Uint32Array | undefined, attempt: number): Promise<void> {
    const routing = this.#router.current;
    const requests: Promise<void>[] = [];
    for (const part of slice(keys, routing)) {
      const shard = routing.shards[part.shard]!.id;
      for (const request of requestsOf(part, this.#table.dim)) {
        const target =
          positions === undefined ? request.positions : composePositions(request.positions, positions);
        requests.push(this.#ask(shard, routing.epoch, { keys: request.keys, positions: target }, attempt));
      }
    }
    await Promise.all(requests);
  }

  async #ask(shard: string, epoch: number, request: Request, firstAttempt: number): Promise<void> {
    for (let attempt = firstAttempt; ; attempt++) {
      let answer: PullAnswer;
      try {
        answer = await this.#router.shard(shard).pulls.pull(this.#table, request.keys, epoch, this.#scope);
      } catch (thrown) {
        const error = WeirError.from(thrown);
        const decision = this.#scope.ended ? 'fail' : decide(error);
        if (decision === 'fail') throw error;
        if (decision === 'reroute') return this.#reroute(request, error.epoch, attempt);
        await this.#scope.sleep(delay(attempt, error.retryAfterMs, Math.random()));
        continue;
      }
      scatterRows(floatsFromBytes(answer.values), request.positions, this.#table.dim, this.rows);
      if (answer.refused.byteLength === 0) return;
      return this.#reroute(pick(request, u32FromBytes(answer.refused)), answer.epoch, attempt);
    }
  }

  /** Asks again where a newer routing table says. */
  async #reroute(request: Request, epoch: number | undefined, attempt: number): Promise<void> {
    await this.#scope.sleep(delay(attempt, undefined, Math.random()));
    await this.#router.refresh(this.#scope, epoch);
    await this.rowsOf(request.keys, request.positions, attempt + 1);
  }
}

function pick(request: Request, indexes: Uint32Array): Request {
  const keys = new Uint32Array(indexes.length * 2);
  for (let i = 0; i < indexes.length; i++) {
    keys[2 * i] = request.keys[2 * indexes[i]!]!;
    keys[2 * i + 1] = request.keys[2 * indexes[i]! + 1]!;
  }
  return { keys, positions: composePositions(indexes, request.positions) };
}

/** Cuts a slice into requests such that neither a request nor its answer exceeds a frame. */
export function requestsOf(part: Slice, dim: number): Request[] {
  const keysMax = Math.max(1, Math.floor(FRAME_BYTES / Math.max(KEY_BYTES, dim * 4)));
  const count = part.positions.length;
  if (count <= keysMax) return [part];
  const requests: Request[] = [];
  for (let start = 0; start < count; start += keysMax) {
    requests.push({
      keys: part.keys.subarray(2 * start, 2 * (start + keysMax)),
      positions: part.positions.subarray(start, start + keysMax),
    });
  }
  return requests;
}

// The result of a step, as its bytes come in.
import { decodePartReduce, decodePartType, type PartReduce, type PartType, WeirError } from '@weir/proto';
import type { GroupResultChunk, GroupResult as ResultMessage } from '@weir/proto/v1/groups';
import type { PartValue } from './group-parts.ts';

/** One part of a result: what became of the parts of that name of all members. */
export interface GroupResultPart {
  readonly name: string;
  readonly type: PartType;
  readonly reduce: PartReduce;
  /** The same bytes for every member. */
  readonly value: PartValue;
  /** With `concat`: how many bytes of `value` each member gave, in the order of `members`; else empty. */
  readonly memberBytes: readonly number[];
}

/** What a completed step made; on the disk of its shard before anybody has it. */
export interface GroupResult {
  readonly step: number;
  /** The generation in which the step was completed, and its members in the order of reduction. */
  readonly generation: number;
  readonly members: readonly string[];
  readonly parts: readonly GroupResultPart[];
}

export class ResultAssembly {
  #message: ResultMessage | undefined;
  #values: Uint8Array[] = [];
  #part = 0;
  #at = 0;
  #left = 0;

  add({ result, data }: GroupResultChunk): void {
    if (result !== undefined) {
      this.#message = result;
      this.#values = result.parts.map(({ bytes }) => new Uint8Array(bytes));
      this.#left = result.parts.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    if (data.length > this.#left) throw broken('more bytes than its head says');
    this.#left -= data.length;
    for (let from = 0; from < data.length; ) {
      const value = this.#values[this.#part]!;
      const piece = data.subarray(from, from + value.length - this.#at);
      value.set(piece, this.#at);
      from += piece.length;
      this.#at += piece.length;
      if (this.#at < value.length) break;
      this.#part++;
      this.#at = 0;
    }
  }

  /** Undefined when there is no result. @throws WeirError UNAVAILABLE when it ended too early. */
  finish(): GroupResult | undefined {
    const message = this.#message;
    if (message === undefined) return undefined;
    if (this.#left > 0) throw broken('fewer bytes than its head says');
    const { step, generation, members } = message;
    const parts = message.parts.map(({ name, type, reduce, memberBytes }, i) => {
      const [known, how] = [decodePartType(type), decodePartReduce(reduce)];
      if (known === undefined || how === undefined) {
        throw new WeirError('UNIMPLEMENTED', `part ${name} of step ${step} is of a newer version`);
      }
      return { name, type: known, reduce: how, value: typed(known, this.#values[i]!), memberBytes };
    });
    return { step, generation, members, parts };
  }
}

function typed(type: PartType, { buffer }: Uint8Array): PartValue {
  switch (type) {
    case 'f32':
      return new Float32Array(buffer);
    case 'f64':
      return new Float64Array(buffer);
    case 'u64':
      return new BigUint64Array(buffer);
    case 'bytes':
      return new Uint8Array(buffer);
  }
}

/** A stream that was cut: worth another try. */
function broken(what: string): WeirError {
  return new WeirError('UNAVAILABLE', `a result came with ${what}`);
}

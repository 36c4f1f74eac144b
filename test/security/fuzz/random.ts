// Chance from a seed: everything hostile is drawn from here, so that WEIR_FUZZ_SEED brings the same attack again.
import { mulberry32 } from '../../e2e/traffic.ts';

/** Of this run; printed by every file that attacks. */
export const SEED = Number(process.env.WEIR_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Hostile messages for each RPC and each HTTP route. */
export const MESSAGES = Number(process.env.WEIR_FUZZ_MESSAGES ?? 10_000);

export const replayCommand = `WEIR_FUZZ_SEED=${SEED} WEIR_FUZZ_MESSAGES=${MESSAGES} npm run test:security`;

export class Random {
  readonly #next: () => number;

  /** @param stream others of the same seed draw other numbers. */
  constructor(seed: number, stream = '') {
    let mixed = seed;
    for (const character of stream) mixed = Math.imul(mixed ^ character.codePointAt(0)!, 0x9e3779b1);
    this.#next = mulberry32(mixed);
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}

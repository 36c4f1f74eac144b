// A queue stands in two families of the engine, which take turns: when all that is in one is removed before its memory table is
// flushed, the flush writes nothing, though entries come all the while.
// Holds: an entry is in one of the two, or in both as the same.
import { compare } from './compare.ts';
import type { Operation } from './operations.ts';
import type { Entry, Range } from './store.ts';

/** Which half of each queue has its turn. */
export class QueueTurns {
  readonly #halves: Map<string, string>;

  constructor(queues: readonly string[]) {
    this.#halves = new Map(queues.map((queue) => [queue, halvesOf(queue)[0]]));
  }

  turn(queue: string): void {
    const [first, second] = halvesOf(queue);
    this.#halves.set(queue, this.#halves.get(queue) === first ? second : first);
  }

  /** Families of the engine that a change of this kind concerns. */
  changed(kind: Operation['kind'], family: string): readonly string[] {
    const half = this.#halves.get(family);
    if (half === undefined) return [family];
    return kind === 'put' ? [half] : halvesOf(family);
  }

  /** Families of the engine in which there is what came before the last turn. */
  before(family: string): readonly string[] {
    const half = this.#halves.get(family);
    return half === undefined ? [family] : halvesOf(family).filter((other) => other !== half);
  }
}

/** Names of the families. */
export function halvesOf(queue: string): readonly [string, string] {
  return [queue, `${queue}/2`];
}

/** The one that every RocksDB has. */
export const DEFAULT_FAMILY = 'default';

/** All families of the engine. */
export function engineFamilies(families: readonly string[], queues: readonly string[]): string[] {
  const all = families.flatMap((family) => (queues.includes(family) ? halvesOf(family) : [family]));
  return [...new Set([DEFAULT_FAMILY, ...all])];
}

/** All entries of both in the order of their keys, one of those that are in both. */
export async function* merged(
  halves: readonly [AsyncGenerator<Entry>, AsyncGenerator<Entry>],
  { reverse = false, limit = Number.POSITIVE_INFINITY }: Range,
): AsyncGenerator<Entry> {
  try {
    const next = await Promise.all(halves.map((half) => half.next()));
    for (let count = 0; count < limit; count++) {
      const [first, second] = [next[0]!.value, next[1]!.value];
      if (first === undefined && second === undefined) return;
      const order = orderOf(first, second) * (reverse ? -1 : 1);
      yield order <= 0 ? first! : second!;
      if (order <= 0) next[0] = await halves[0].next();
      if (order >= 0) next[1] = await halves[1].next();
    }
  } finally {
    await Promise.all(halves.map((half) => half.return(undefined)));
  }

  function orderOf(first: Entry | undefined, second: Entry | undefined): number {
    const end = reverse ? -1 : 1;
    if (first === undefined) return end;
    return second === undefined ? -end : compare(first.key, second.key);
  }
}

// Group commit: writes that wait while one is under way go to the engine together.
// Holds: one group is in flight, groups keep the order of the calls, and a group is whole writes. Length is the
// callers' to bound: a write that nobody awaits is the caller's memory.
import { GROUP_BYTES_MAX } from './limits.ts';
import type { Operation } from './operations.ts';

interface Waiting {
  readonly operations: readonly Operation[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class WriteQueue {
  readonly #commit: (operations: readonly Operation[], bytes: number) => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** `commit` applies operations atomically. */
  constructor(commit: (operations: readonly Operation[], bytes: number) => Promise<void>) {
    this.#commit = commit;
  }

  write(operations: readonly Operation[], bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Writes of the same turn of the event loop form the first group.
    await undefined;
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      const bytes = group.reduce((sum, write) => sum + write.bytes, 0);
      try {
        await this.#commit(
          group.length === 1 ? group[0]!.operations : group.flatMap((write) => write.operations),
          bytes,
        );
        for (const write of group) write.resolve();
      } catch (error) {
        for (const write of group) write.reject(error);
      }
    }
    // In the same step as the look at what waits: a write in between would wait for ever.
    this.#running = undefined;
  }

  /** At least one write. */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const write of this.#waiting) {
      bytes += write.bytes;
      if (count > 0 && bytes > GROUP_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

// Ids that were appended, with the hash of what was. Bounded: it forgets the older half when it is full, and it may
// forget everything, since the stitcher decides what is a duplicate; to know a repeat here only saves work.

/** What an entry takes beside its id. */
const ENTRY_BYTES = 64;

export class RepeatCache {
  readonly #halfBytes: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#halfBytes = bytesMax / 2;
  }

  /** Whether this id was appended with this content. Another content is not a repeat: it must be counted behind us. */
  has(id: string, contentHash: number): boolean {
    return (this.#young.get(id) ?? this.#old.get(id)) === contentHash;
  }

  /** Call it after the append is acknowledged. */
  add(id: string, contentHash: number): void {
    if (!this.#young.has(id)) this.#youngBytes += ENTRY_BYTES + 2 * id.length;
    this.#young.set(id, contentHash);
    if (this.#youngBytes < this.#halfBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

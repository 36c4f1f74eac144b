// The seqs of a table's records, of either kernel: they rise from record to record, and above those of loaded pages.

export class RecordOrder {
  /** Of the last push, replay or removal. */
  #last = 0;
  #seq = 0;

  /** Highest seq applied or loaded; 0 for none. */
  get seq(): number {
    return this.#seq;
  }

  /** Pages are loaded before any record is applied. */
  assertLoading(): void {
    if (this.#last !== 0) throw new Error('pages are loaded before any push or replay');
  }

  loaded(seq: number): void {
    if (seq > this.#seq) this.#seq = seq;
  }

  /** Else a later recovery would take this record for one that a loaded row has already. */
  assertNew(seq: number, goesOn: boolean): void {
    if (!(seq > this.#seq || goesOn)) throw new Error(`push: seq ${seq} does not rise above ${this.#seq}`);
  }

  /** @param goesOn more of the record that began last. */
  begin(seq: number, goesOn = false): void {
    if (goesOn && seq === this.#last) return;
    if (!(seq > this.#last)) throw new Error(`replay: seq ${seq} does not rise above ${this.#last}`);
    this.#last = seq;
    if (seq > this.#seq) this.#seq = seq;
  }
}

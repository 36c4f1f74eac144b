// When a record was placed, told from its position: rows carry the position of their last update and no time. Bounded:
// entries thin out with age, so that a time is known to within 1/64 of how long ago it was.
//
// What always holds: positions and clocks rise from entry to entry. An entry says that no record up to its position
// has a later clock, so leaving entries out only makes rows seem younger than they are.
import { WeirError } from '@weir/proto';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { SEQ_CLOCK_ENTRIES_MAX } from './limits.ts';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';

const FORMAT_VERSION = 1;
const KIND = 1;
/** Entries lie at most 1/RESOLUTION of their age apart. */
const RESOLUTION = 64;

export class SeqClock {
  readonly #seqs = new Float64Array(SEQ_CLOCK_ENTRIES_MAX);
  readonly #clocks = new Float64Array(SEQ_CLOCK_ENTRIES_MAX);
  #size = 0;

  /** The highest clock seen; 0 for none. */
  get highestMs(): number {
    return this.#size === 0 ? 0 : this.#clocks[this.#size - 1]!;
  }

  /** A record at this position has this clock. What does not rise above what is known changes nothing. */
  add(seq: number, clockMs: number): void {
    const last = this.#size - 1;
    if (last >= 0) {
      if (seq <= this.#seqs[last]!) return;
      if (clockMs <= this.#clocks[last]!) {
        this.#seqs[last] = seq;
        return;
      }
    }
    if (this.#size === SEQ_CLOCK_ENTRIES_MAX) this.#thinOut();
    this.#seqs[this.#size] = seq;
    this.#clocks[this.#size] = clockMs;
    this.#size++;
  }

  /** A position up to which every record was placed at this time or before; 0 where none is known. */
  seqAt(clockMs: number): number {
    let from = 0;
    let to = this.#size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#clocks[middle]! <= clockMs) from = middle + 1;
      else to = middle;
    }
    return from === 0 ? 0 : this.#seqs[from - 1]!;
  }

  encode(): Uint8Array {
    const writer = new ByteWriter(ENVELOPE_BYTES + 8 + 16 * this.#size);
    writer.f64(0); // the envelope's place
    writer.u32(this.#size);
    for (let i = 0; i < this.#size; i++) {
      writer.f64(this.#seqs[i]!);
      writer.f64(this.#clocks[i]!);
    }
    return seal(writer.finish(), FORMAT_VERSION, KIND);
  }

  /** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
  static decode(bytes: Uint8Array): SeqClock {
    const what = 'the stored times of positions';
    unseal(bytes, FORMAT_VERSION, what);
    const clock = new SeqClock();
    try {
      const reader = new ByteReader(bytes.subarray(ENVELOPE_BYTES));
      for (let rest = reader.u32(); rest > 0; rest--) clock.add(reader.f64(), reader.f64());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WeirError('CORRUPT', `${what}: ${reason}`, { cause });
    }
    return clock;
  }

  /** To three quarters at most; the newest entry stays. */
  #thinOut(): void {
    for (let resolution = RESOLUTION; this.#size > (SEQ_CLOCK_ENTRIES_MAX * 3) / 4; resolution /= 2) {
      const newest = this.#clocks[this.#size - 1]!;
      let kept = this.#size - 1;
      for (let i = this.#size - 2; i >= 0; i--) {
        const older = i === 0 ? Number.NEGATIVE_INFINITY : this.#clocks[i - 1]!;
        // Needed when the next older one would leave too wide a gap to the last one kept.
        if ((this.#clocks[kept]! - older) * resolution <= newest - this.#clocks[i]!) continue;
        kept--;
        this.#seqs[kept] = this.#seqs[i]!;
        this.#clocks[kept] = this.#clocks[i]!;
      }
      this.#seqs.copyWithin(0, kept, this.#size);
      this.#clocks.copyWithin(0, kept, this.#size);
      this.#size -= kept;
    }
  }
}

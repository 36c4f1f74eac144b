// Memory for answers to pulls, bounded over all clients: from the moment an answer is gathered until it is sent. Who
// finds none waits, first come first served; a part is kept for small answers, so that large ones and clients that
// read slowly do not stop them.
import {
  ANSWER_BYTES_MAX,
  ANSWERS_WAITING_MAX,
  LARGE_ANSWER_BYTES_MAX,
  SMALL_ANSWER_BYTES,
  STREAM_ANSWER_BYTES_MAX,
} from '../../limits.ts';
import { MemoryPool } from '../memory-pool.ts';
import { overloaded } from '../push/overloaded.ts';

interface Waiting {
  readonly bytes: number;
  readonly resolve: (memory: ArrayBuffer) => void;
}

export class AnswerMemory {
  readonly #pool = new MemoryPool();
  readonly #small: Waiting[] = [];
  readonly #large: Waiting[] = [];
  #held = 0;
  #heldByLarge = 0;

  /** Bytes of answers that are not sent yet. */
  get held(): number {
    return this.#held;
  }

  /** Answers that wait for memory. */
  get waiting(): number {
    return this.#small.length + this.#large.length;
  }

  /** What a stream may have unsent and still take requests: the less, the less is left for others. */
  get allowance(): number {
    return Math.min(STREAM_ANSWER_BYTES_MAX, (ANSWER_BYTES_MAX - this.#held) / 4);
  }

  /**
   * At least so many bytes, with anything in them; give them back.
   * @throws WeirError OVERLOADED when too many wait already.
   */
  take(bytes: number): ArrayBuffer | Promise<ArrayBuffer> {
    const small = bytes <= SMALL_ANSWER_BYTES;
    const queue = small ? this.#small : this.#large;
    if (queue.length === 0 && this.#fits(bytes)) return this.#taken(bytes);
    if (this.waiting >= ANSWERS_WAITING_MAX) throw overloaded('too many answers to pulls wait for memory');
    return new Promise((resolve) => queue.push({ bytes, resolve }));
  }

  give(memory: ArrayBuffer): void {
    this.#count(-memory.byteLength);
    this.#pool.give(memory);
    this.#serve(this.#small);
    this.#serve(this.#large);
  }

  #serve(queue: Waiting[]): void {
    for (let next = queue[0]; next !== undefined && this.#fits(next.bytes); next = queue[0]) {
      queue.shift();
      next.resolve(this.#taken(next.bytes));
    }
  }

  /** Memory comes in powers of 2: up to twice of what is asked for is held. */
  #fits(bytes: number): boolean {
    const roomForLarge = bytes <= SMALL_ANSWER_BYTES || this.#heldByLarge + bytes <= LARGE_ANSWER_BYTES_MAX;
    return roomForLarge && this.#held + bytes <= ANSWER_BYTES_MAX;
  }

  #taken(bytes: number): ArrayBuffer {
    const memory = this.#pool.take(bytes);
    this.#count(memory.byteLength);
    return memory;
  }

  #count(bytes: number): void {
    this.#held += bytes;
    if (Math.abs(bytes) > SMALL_ANSWER_BYTES) this.#heldByLarge += bytes;
  }
}

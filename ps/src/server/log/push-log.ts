// The push log: gives records their positions and makes them durable, then applies them, in that order.
// One write is in flight, so a crash leaves no hole. A failed write is tried again unchanged, for ever: its
// records may already be on disk. What waits behind it is refused after STORAGE_WAIT_MS.
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import type { Steps } from '../../core/steps.ts';
import { STORAGE_RETRY_MAX_MS, STORAGE_RETRY_MIN_MS, STORAGE_WAIT_MS } from '../../limits.ts';
import { logWriteSpan } from '../push/push-trace.ts';
import { runInSlices, Slice } from '../slices.ts';
import type { LogEntry } from './log-entry.ts';
import type { LogSink, PlacedRecord } from './log-sink.ts';

export interface PushLogEvents {
  /** The records of one write are durable and applied. */
  committed(records: number): void;
  /** The disk refused a write. */
  storageFailed(): void;
}

export interface PushLogParts {
  readonly sink: LogSink;
  /** Position of the first record to come. */
  readonly nextSeq: number;
  /** Bytes of the records that recovery replayed. */
  readonly replayedBytes: number;
  readonly logger: Runtime['log'];
  /** Whether the log may grow: undefined, or what to wait for before asking again; a rejection refuses what waits. */
  readonly room: () => Promise<void> | undefined;
  readonly events: PushLogEvents;
}

export class PushLog {
  readonly #sink: LogSink;
  readonly #logger: Runtime['log'];
  readonly #room: PushLogParts['room'];
  readonly #events: PushLogEvents;
  #waiting: LogEntry[] = [];
  #nextSeq: number;
  #appliedSeq: number;
  #appliedBytes: number;
  #working: Promise<void> | undefined;
  #midRecord: Promise<void> | undefined;
  #failingSince: number | undefined;
  #refusing: WeirError | undefined;
  #stopped = false;

  constructor({ sink, nextSeq, replayedBytes, logger, room, events }: PushLogParts) {
    this.#sink = sink;
    this.#nextSeq = nextSeq;
    this.#appliedSeq = nextSeq - 1;
    this.#appliedBytes = replayedBytes;
    this.#logger = logger;
    this.#room = room;
    this.#events = events;
  }

  /** Every record up to this position is durable and applied. */
  get appliedSeq(): number {
    return this.#appliedSeq;
  }

  /** Bytes of all applied records, those replayed included. */
  get appliedBytes(): number {
    return this.#appliedBytes;
  }

  /** Set while a record is applied in part; settles when it is applied whole. */
  get midRecord(): Promise<void> | undefined {
    return this.#midRecord;
  }

  /** No record submitted so far gets a position above this. */
  get submittedSeq(): number {
    return this.#nextSeq - 1 + this.#waiting.length;
  }

  /** Whether entries are refused at the moment, because the disk refuses writes. */
  get refuses(): boolean {
    return this.#refusing !== undefined;
  }

  submit(entry: LogEntry): void {
    if (this.#stopped) {
      entry.refuse(new WeirError('UNAVAILABLE', 'the shard is stopping'));
      return;
    }
    if (this.#refusing !== undefined) {
      entry.refuse(this.#refusing);
      return;
    }
    this.#waiting.push(entry);
    this.#working ??= this.#work();
  }

  /** Refuses new entries, and returns when those taken are settled. A disk that still refuses ends the wait. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    // Entries that arrive in the same turn of the event loop share a write.
    await undefined;
    let applying: Promise<boolean> | undefined;
    // The last wait is inside the loop: entries that arrive during it are taken too.
    while (this.#waiting.length > 0 || applying !== undefined) {
      if (this.#waiting.length === 0) {
        await applying;
        applying = undefined;
        continue;
      }
      const room = this.#stopped ? undefined : this.#room();
      if (room !== undefined) {
        // Both at once: a rejection that nobody listens to would end the process.
        await Promise.all([
          applying,
          room.catch((error: unknown) => this.#refuseWaiting(WeirError.from(error))),
        ]);
        applying = undefined;
        continue;
      }
      const { entries, records } = this.#take();
      const span = logWriteSpan(entries);
      const written = await this.#write(records);
      span?.end();
      const unbroken = await applying;
      // Nothing is applied behind a record that is not.
      if (!written || unbroken === false) break;
      applying = this.#apply(entries, records);
    }
    this.#working = undefined;
  }

  #take(): { entries: LogEntry[]; records: PlacedRecord[] } {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || bytes < this.#sink.commitBytes)) {
      bytes += this.#waiting[count]!.bytes;
      count++;
    }
    const entries = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    const records = entries.map((entry) => {
      const seq = this.#nextSeq++;
      return { seq, bytes: this.#sink.keeps ? entry.encode(seq) : EMPTY, meta: entry.meta };
    });
    return { entries, records };
  }

  /** @returns whether it was written; false only when the shard stops while the disk refuses. */
  async #write(records: readonly PlacedRecord[]): Promise<boolean> {
    for (let pauseMs = STORAGE_RETRY_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, STORAGE_RETRY_MAX_MS)) {
      try {
        await this.#sink.write(records);
        if (this.#failingSince !== undefined) this.#logger.warn('the disk takes writes again');
        this.#failingSince = undefined;
        this.#refusing = undefined;
        return true;
      } catch (error) {
        this.#failed(error);
        if (this.#stopped) return false;
        await delay(pauseMs);
      }
    }
  }

  #failed(cause: unknown): void {
    this.#events.storageFailed();
    const now = performance.now();
    if (this.#failingSince === undefined) {
      this.#failingSince = now;
      this.#logger.error({ err: cause }, 'the disk refused a log write; trying again');
    }
    if (!this.#stopped && now - this.#failingSince < STORAGE_WAIT_MS) return;
    this.#refuseAll('writes', cause);
  }

  /** From now on, and what waits. */
  #refuseAll(what: 'reads' | 'writes', cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#refusing = new WeirError('STORAGE_FAILED', `the shard's disk refuses ${what}: ${why}`, { cause });
    this.#refuseWaiting(this.#refusing);
  }

  #refuseWaiting(error: WeirError): void {
    const refused = this.#waiting;
    this.#waiting = [];
    // From the newest on, so that a client's last admitted number steps back one by one.
    for (const entry of refused.reverse()) entry.refuse(error);
  }

  /** @returns whether all are applied; false only when the shard stops while the disk refuses. */
  async #apply(entries: readonly LogEntry[], records: readonly PlacedRecord[]): Promise<boolean> {
    let slice = new Slice();
    for (let i = 0; i < entries.length; i++) {
      if (slice.over) await slice.next();
      const { seq, bytes } = records[i]!;
      const entry = entries[i]!;
      const ready = entry.ready?.();
      if (ready !== undefined) {
        slice.end();
        if (!(await this.#becomes(ready, entry))) return false;
        // At once, while what it needs is there.
        slice = new Slice();
      }
      const steps = entry.applySteps?.(seq);
      if (steps?.next().done === false) await this.#goOn(steps, slice);
      this.#appliedSeq = seq;
      this.#appliedBytes += bytes.byteLength;
      entry.apply(seq);
    }
    slice.end();
    this.#events.committed(entries.length);
    return true;
  }

  /** Tries for ever, since the record is durable. @returns whether it is ready; false only when the shard stops. */
  async #becomes(first: Promise<void>, entry: LogEntry): Promise<boolean> {
    let ready: Promise<void> | undefined = first;
    for (let pauseMs = STORAGE_RETRY_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, STORAGE_RETRY_MAX_MS)) {
      try {
        await ready;
        return true;
      } catch (error) {
        this.#logger.error({ err: error }, 'rows cannot be read from disk; trying again, and pushes wait');
        if (this.#stopped) {
          this.#refuseAll('reads', error);
          return false;
        }
        await delay(pauseMs);
        ready = entry.ready?.();
      }
    }
  }

  async #goOn(steps: Steps<void>, slice: Slice): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#midRecord = promise;
    if (slice.over) await slice.next();
    await runInSlices(steps, slice);
    this.#midRecord = undefined;
    resolve();
  }
}

const EMPTY = new Uint8Array(0);

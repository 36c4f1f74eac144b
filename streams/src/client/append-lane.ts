// The appends of one client to one partition, in their order: one call is under way, and what comes meanwhile goes
// together in the next, since a call costs more than a record.
// Holds: a call is whole appends; those of a producer share a call only where their sequences follow each other.
import { setTimeout as sleep } from 'node:timers/promises';
import { inTraceOf, type SpanContext, TraceSample, WeirError } from '@weir/proto';
import { APPEND_CALL_BYTES, APPEND_SPACING_MS, CHUNK_BYTES } from '../limits.ts';
import type { AppendResult } from '../streams-client.ts';
import type { EncodedAppend } from '../wire/messages.ts';
import type { AppendJob } from './append-job.ts';

/** Sends one append, trying again until the deadline or until nobody waits any more. */
export type SendAppend = (
  append: EncodedAppend,
  deadlineMs: number,
  isAbandoned: () => boolean,
) => Promise<AppendResult>;

export class AppendLane {
  readonly #stream: string;
  readonly #partition: number;
  readonly #send: SendAppend;
  #waiting: AppendJob[] = [];
  #waitingBytes = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(stream: string, partition: number, send: SendAppend) {
    this.#stream = stream;
    this.#partition = partition;
    this.#send = send;
  }

  add(job: AppendJob): void {
    this.#waiting.push(job);
    this.#waitingBytes += job.bytes;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    // What the caller appends in one go shares the first call.
    await undefined;
    while (this.#waiting.length > 0) {
      const restMs = this.#startedMs + APPEND_SPACING_MS - performance.now();
      if (restMs > 0 && this.#waitingBytes < CHUNK_BYTES) await sleep(restMs);
      const jobs = this.#take();
      if (jobs.length === 0) continue;
      this.#startedMs = performance.now();
      try {
        const deadlineMs = Math.max(...jobs.map((job) => job.deadlineMs));
        const isAbandoned = () => jobs.every((job) => job.ended);
        // Not in the trace of whoever came first and made this run.
        const result = await inTraceOf(callersOf(jobs), () =>
          this.#send(this.#merged(jobs), deadlineMs, isAbandoned),
        );
        settle(jobs, result);
      } catch (error) {
        for (const job of jobs) job.reject(WeirError.from(error));
      }
    }
    this.#running = false;
  }

  /** The next jobs that can share a call; those that ended while they waited are left out. */
  #take(): AppendJob[] {
    const jobs: AppendJob[] = [];
    let bytes = 0;
    let taken = 0;
    for (const job of this.#waiting) {
      if (!job.ended) {
        const last = jobs.at(-1);
        if (last !== undefined && (bytes + job.bytes > APPEND_CALL_BYTES || !follows(last, job))) break;
        jobs.push(job);
        bytes += job.bytes;
      }
      taken += 1;
      this.#waitingBytes -= job.bytes;
    }
    this.#waiting.splice(0, taken);
    return jobs;
  }

  #merged(jobs: readonly AppendJob[]): EncodedAppend {
    const producer = jobs[0]?.producer;
    return {
      stream: this.#stream,
      partition: this.#partition,
      producer: producer && { id: producer.id, epoch: producer.epoch },
      firstSequence: producer?.firstSequence ?? 0,
      records: jobs.length === 1 ? jobs[0]!.records : jobs.flatMap((job) => job.records),
    };
  }
}

/** Sampled spans, of many the first ones. */
function callersOf(jobs: readonly AppendJob[]): readonly SpanContext[] {
  if (jobs.length === 1) return jobs[0]!.callers;
  const sample = new TraceSample();
  for (const { callers } of jobs) for (const caller of callers) sample.add(caller);
  return sample.contexts;
}

function follows(last: AppendJob, next: AppendJob): boolean {
  if (last.producer === undefined || next.producer === undefined) return last.producer === next.producer;
  return (
    last.producer.id === next.producer.id &&
    last.producer.epoch === next.producer.epoch &&
    last.producer.firstSequence + last.records.length === next.producer.firstSequence
  );
}

/** Parts the call's result: known records stand at its front. */
function settle(jobs: readonly AppendJob[], { endOffset, duplicates }: AppendResult): void {
  let known = duplicates;
  let offset = endOffset - jobs.reduce((sum, job) => sum + job.records.length, -duplicates);
  for (const job of jobs) {
    const own = Math.min(known, job.records.length);
    known -= own;
    offset += job.records.length - own;
    job.resolve({ endOffset: offset, duplicates: own });
  }
}

// One partition's join over its store. Everything that a step changes (state, input offsets, outputs with their
// numbers) is one batch, so after a crash the partition is where some step ended, with its outbox.
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import type { Store } from '@weir/store';
import type { StreamRecord } from '@weir/streams/client';
import type { InputStream } from '../core/counters.ts';
import { boundByBytes } from '../core/due.ts';
import { Join } from '../core/join.ts';
import type { JoinOptions } from '../core/join-options.ts';
import type { OutputStream } from '../core/join-step.ts';
import { type OpenRequest, strip } from '../core/open-request.ts';
import { ColdRequests } from './cold-requests.ts';
import { type Decoded, decodeBehaviour, decodeFeatures } from './decode-inputs.ts';
import { FIRE_BYTES_MAX } from './limits.ts';
import { encodeOutboxEntry, type OutboxEntry, outboxEntries } from './outbox.ts';
import { emptyPartitionState, type InputPosition, type PartitionState } from './partition-state.ts';
import { PartitionStore } from './partition-store.ts';
import { localWriter, type StateWriter } from './state-writer.ts';
import { traceSamples } from './trace-samples.ts';

/** What was read of an input stream, in order. */
export interface InputBatch {
  readonly records: readonly StreamRecord[];
  readonly incarnation: string;
}

export type InputBatches = Readonly<Partial<Record<InputStream, InputBatch>>>;

export interface Commit {
  /** Resolves when the step stands; only then may its entries be appended. */
  readonly written: Promise<void>;
  readonly entries: readonly OutboxEntry[];
  readonly inputs: Readonly<Record<InputStream, InputPosition>>;
  readonly firedMs: number;
  /** Of samples among the entries: see `JoinStep`. */
  readonly behaviourMs: readonly number[];
}

/** This partition's share of the memory. */
export interface MemoryShare {
  readonly skeletonBytes: number;
  readonly templateBytes: number;
  readonly waitingBytes: number;
}

export class PartitionStitcher {
  readonly join: Join;
  /** Entries of earlier processes that may not have been appended. */
  readonly unsent: readonly OutboxEntry[];
  readonly #writer: StateWriter;
  readonly #partitionStore: PartitionStore;
  readonly #memory: MemoryShare;
  readonly #cold: ColdRequests;
  readonly #inputs: Record<InputStream, InputPosition>;
  readonly #sequences: Record<OutputStream, number>;
  #appended: OutboxEntry[] = [];
  /** The last step is in the store. */
  #stored: Promise<void> = Promise.resolve();

  private constructor(
    store: Store,
    writer: StateWriter,
    memory: MemoryShare,
    join: Join,
    state: PartitionState,
    unsent: OutboxEntry[],
  ) {
    this.join = join;
    this.unsent = unsent;
    this.#writer = writer;
    this.#partitionStore = new PartitionStore(store, join.options.partition);
    this.#memory = memory;
    this.#cold = new ColdRequests(this.#partitionStore, join, state.cold);
    this.#inputs = { ...state.inputs };
    this.#sequences = { ...state.sequences };
  }

  /** The partition as its last step left it in the store. */
  static async open(
    store: Store,
    options: JoinOptions,
    memory: MemoryShare,
    writer: StateWriter = localWriter(store),
  ): Promise<PartitionStitcher> {
    const { partition, plan } = options;
    const partitionStore = new PartitionStore(store, partition);
    const state = (await partitionStore.readState()) ?? emptyPartitionState(plan);
    const join = new Join(options, state.join);
    for await (const request of partitionStore.requests(state.cold.spilledBelowMs)) {
      if (request.timeMs + plan.windowMaxMs < join.firedMs) strip(request);
      join.requests.insert(request);
    }
    const waiting = await partitionStore.waitingEvents();
    for (const pending of waiting.sort((a, b) => a.offset - b.offset)) join.waiting.add(pending);
    return new PartitionStitcher(store, writer, memory, join, state, await partitionStore.outbox());
  }

  /** Where to read on. */
  input(stream: InputStream): InputPosition {
    return this.#inputs[stream];
  }

  lastSequence(stream: OutputStream): number {
    return this.#sequences[stream];
  }

  /** The entry is in its stream: a later step removes it from the outbox. */
  appended(entry: OutboxEntry): void {
    this.#appended.push(entry);
  }

  /** Nothing more is written, if nobody steps on. */
  async settled(): Promise<void> {
    await this.#stored.catch(() => {});
  }

  /** Takes in what was read, and emits what falls due. Steps follow each other: exhaust one call before the next. */
  async *process(batches: InputBatches, nowMs: number): AsyncGenerator<Commit> {
    const features = decodeFeatures(batches.features?.records ?? []);
    const behaviour = decodeBehaviour(batches.behaviour?.records ?? []);
    await this.#lend(features, behaviour);
    for (const item of features) {
      if ('progressMs' in item) this.join.clock('features').progress(item.progressMs);
      else this.join.features(item, nowMs);
    }
    for (const item of behaviour) {
      if ('progressMs' in item) this.join.clock('behaviour').progress(item.progressMs);
      else this.join.behaviour(item, nowMs);
    }
    if (this.join.waiting.bytes > this.#memory.waitingBytes) this.join.settleUnreachable();
    this.#moveOn('features', batches.features);
    this.#moveOn('behaviour', batches.behaviour);
    do {
      await this.#fire();
      yield await this.#commit();
    } while (this.join.firedMs < this.join.watermarkMs);
  }

  #moveOn(stream: InputStream, batch: InputBatch | undefined): void {
    const last = batch?.records.at(-1);
    if (last !== undefined)
      this.#inputs[stream] = { offset: last.offset + 1, incarnation: batch!.incarnation };
  }

  /** Brings what the records refer to and memory does not hold. */
  async #lend(
    features: readonly Decoded<FeatureRecord>[],
    behaviour: readonly Decoded<BehaviourEvent>[],
  ): Promise<void> {
    const { join } = this;
    const { plan, policy } = join.options;
    if (this.#cold.isEmpty && policy === 'wait') return;
    const eventIds = new Set(servingIds(behaviour));
    const absent = [...new Set([...servingIds(features), ...eventIds])].filter(
      (id) => join.find(id) === undefined,
    );
    await this.#stored;
    const lent = this.#cold.isEmpty ? [] : await this.#cold.find(absent);
    join.lend(lent, []);
    if (policy === 'wait') return;
    // `fast` speaks of single samples when events come.
    const open = [...eventIds].flatMap((id) => join.find(id) ?? []);
    join.lend(
      [],
      await this.#templates(open.filter(({ timeMs }) => timeMs + plan.windowMaxMs >= join.firedMs)),
    );
  }

  /** Emits what is due, up to the watermark or as much as one step may hold. */
  async #fire(): Promise<void> {
    const { join } = this;
    const fromMs = join.firedMs;
    let toMs = join.watermarkMs;
    if (toMs <= fromMs) return;
    for (const { windowMs } of join.groups) {
      const hot = join.requests.between(fromMs - windowMs, toMs - windowMs);
      toMs = boundByBytes(hot, windowMs, toMs, FIRE_BYTES_MAX);
    }
    const cold = new Map<string, OpenRequest>();
    if (!this.#cold.isEmpty) {
      await this.#stored;
      for (const { windowMs } of join.groups) {
        const read = await this.#cold.between(fromMs - windowMs, toMs - windowMs, FIRE_BYTES_MAX);
        for (const request of read) cold.set(request.servingId, request);
        toMs = boundByBytes(read, windowMs, toMs, FIRE_BYTES_MAX);
      }
    }
    const due = join.due(toMs, [...cold.values()]);
    if (join.options.policy === 'wait') {
      join.lend([], await this.#templates([...new Set(due.map(({ request }) => request))]));
    }
    join.fire(toMs, due);
  }

  /** Of the requests whose template is not in memory. */
  async #templates(requests: readonly OpenRequest[]): Promise<[servingId: string, template: Uint8Array][]> {
    const bare = requests.filter(({ template }) => template === undefined);
    if (bare.length === 0) return [];
    await this.#stored;
    return this.#partitionStore.templates(bare);
  }

  async #commit(): Promise<Commit> {
    const { join } = this;
    const { partition } = join.options;
    const step = join.takeStep();
    // One write at a time: a step must never be stored without those before it.
    await this.#stored;
    const batch = await this.#writer.begin();
    this.#partitionStore.putStep(batch, step);
    this.#cold.spill(batch, this.#memory.skeletonBytes);
    await this.#cold.expire(batch);
    const traced = traceSamples(step.outputs.samples, partition);
    const outputs = { ...step.outputs, samples: traced.records };
    const entries = outboxEntries(partition, outputs, this.#sequences);
    for (const entry of entries) batch.put('outbox', entry.key, encodeOutboxEntry(partition, entry));
    for (const { key } of this.#appended) batch.delete('outbox', key);
    this.#appended = [];
    this.#partitionStore.putState(batch, {
      join: join.state(),
      inputs: this.#inputs,
      sequences: this.#sequences,
      cold: this.#cold.state,
    });
    const { stands, stored } = this.#writer.write(batch);
    stands.then(traced.end, traced.end);
    this.#stored = stored;
    // Whoever appends the entries hears of a failure, as does the next step; until then it must not count as unhandled.
    stored.catch(() => {});
    join.requests.evictTemplates(this.#memory.templateBytes);
    return {
      written: stands,
      entries,
      inputs: { ...this.#inputs },
      firedMs: join.firedMs,
      behaviourMs: step.behaviourMs,
    };
  }
}

function servingIds(items: readonly Decoded<{ servingId: string }>[]): string[] {
  return items.flatMap((item) =>
    'record' in item && item.record !== undefined ? [item.record.servingId] : [],
  );
}

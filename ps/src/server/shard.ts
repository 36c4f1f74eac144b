// One shard: the parts that serve a folder under a routing table, put together.
// What always holds: pages and deltas show only what is durable, since records are applied after they are written.
import { WeirError } from '@weir/proto';
import type { DescribeShardResponse, RoutingTable, TableState } from '@weir/proto/v1/parameter_server';
import type { Runtime } from '@weir/runtime';
import type { Store } from '@weir/store';
import type { ClientNumbers } from '../core/client-numbers.ts';
import { LogPace } from '../core/log-pace.ts';
import { type Ownership, ownershipOf } from '../core/routing.ts';
import type { SeqClock } from '../core/seq-clock.ts';
import { decideOpen, decodeIdentity, encodeIdentity, identityOf } from '../core/shard-identity.ts';
import type { SourceOffsets } from '../core/source-offsets.ts';
import { LOG_REPLAY_MAX_DEFAULT } from '../limits.ts';
import { ShardCounters } from './counters.ts';
import { IDENTITY_KEY, META, ROWS } from './folder/families.ts';
import { Materialiser } from './folder/materialise.ts';
import type { Instruments } from './instruments.ts';
import { IdleClients } from './log/idle-clients.ts';
import { beginIncarnation, type Incarnation } from './log/incarnations.ts';
import { LastChanges } from './log/last-changes.ts';
import { createLogSink, type Durability } from './log/log-sink.ts';
import { PushLog } from './log/push-log.ts';
import { AnswerMemory } from './pull/answer-memory.ts';
import { BytesInFlight } from './push/bytes-in-flight.ts';
import { PushPipeline } from './push/push-pipeline.ts';
import { PushPreparation } from './push/push-preparation.ts';
import { PushTurns } from './push/push-turns.ts';
import { emptyState } from './recovery/empty-state.ts';
import { holdsData, type Recovered, recover } from './recovery/recover.ts';
import { RecoveryProgress } from './recovery/recovery-progress.ts';
import { ShardClock } from './shard-clock.ts';
import { loseAcquired } from './sources/acquired-marks.ts';
import { SourceAdmin } from './sources/source-admin.ts';
import { Expiry } from './tables/expiry.ts';
import { TableAdmin } from './tables/table-admin.ts';
import type { Tables } from './tables/tables.ts';

export interface ShardOptions {
  readonly id: string;
  readonly routing: RoutingTable;
  readonly durability: Durability;
  /** Opened with the families of families.ts; the caller closes it after `stop`. */
  readonly store: Store;
  /** Whether the folder holds groups: then the shard cannot give up or gain slots. */
  readonly holdsGroups?: boolean;
  readonly logger: Runtime['log'];
  readonly instruments: Instruments;
  /** A monotonic clock; default: the process's. */
  readonly elapsedMs?: () => number;
  /** Bytes; default LOG_REPLAY_MAX_DEFAULT. */
  readonly logReplayMax?: number;
  /** Where recovery says how far it is. */
  readonly progress?: RecoveryProgress;
  /** Aborted while the shard recovers: the opening ends with CANCELLED. */
  readonly signal?: AbortSignal;
}

export class Shard {
  readonly id: string;
  readonly routing: RoutingTable;
  readonly ownership: Ownership;
  readonly durability: Durability;
  readonly incarnations: readonly Incarnation[];
  /** The current one. */
  readonly logIncarnation: string;
  readonly tables: Tables;
  readonly numbers: ClientNumbers;
  readonly sources: SourceOffsets;
  readonly clock: ShardClock;
  readonly seqClock: SeqClock;
  readonly counters = new ShardCounters();
  readonly bytesInFlight = new BytesInFlight();
  readonly answers = new AnswerMemory();
  readonly log: PushLog;
  readonly materialiser: Materialiser;
  readonly pipeline: PushPipeline;
  readonly turns: PushTurns;
  readonly tableAdmin: TableAdmin;
  readonly sourceAdmin: SourceAdmin;
  readonly lastChanges: LastChanges;
  /** Does nothing until it is started. */
  readonly expiry: Expiry;
  readonly idleClients: IdleClients;

  /** For `openShard`, which has checked the folder. */
  constructor(options: ShardOptions, recovered: Recovered, incarnations: readonly Incarnation[]) {
    const { id, routing, durability, store, logger, instruments } = options;
    const { counters } = this;
    this.id = id;
    this.routing = routing;
    this.ownership = ownershipOf(routing, id);
    this.durability = durability;
    this.incarnations = incarnations;
    this.logIncarnation = incarnations.at(-1)!.id;
    this.tables = recovered.tables;
    this.numbers = recovered.numbers;
    this.sources = recovered.sources;
    this.seqClock = recovered.seqClock;
    this.clock = new ShardClock(recovered.seqClock.highestMs, options.elapsedMs);
    counters.skippedRecords = recovered.skippedRecords;
    this.log = new PushLog({
      sink: createLogSink(store, durability),
      nextSeq: recovered.nextSeq,
      replayedBytes: recovered.logBytes,
      logger,
      room: () => (durability === 'memory' ? undefined : this.materialiser.room()),
      events: {
        committed: (records) => {
          instruments.commitRecords(records);
          if (durability !== 'memory') this.materialiser.consider();
        },
        storageFailed: () => {
          counters.storageFailures++;
          this.turns.wake();
        },
      },
    });
    const pace = new LogPace(options.logReplayMax ?? LOG_REPLAY_MAX_DEFAULT);
    this.materialiser = new Materialiser(
      {
        store,
        tables: this.tables,
        marked: recovered,
        log: this.log,
        pace,
        counters,
        logger,
      },
      recovered.lowMark,
    );
    const { tables, ownership } = this;
    const draw = () => this.log.submittedSeq + 1;
    const preparation = new PushPreparation({ tables, ownership, clock: this.clock, counters, draw });
    this.pipeline = new PushPipeline({
      tables: this.tables,
      numbers: this.numbers,
      sources: this.sources,
      log: this.log,
      preparation,
      counters,
      seqClock: this.seqClock,
      pushLatency: instruments.pushLatency,
    });
    this.turns = new PushTurns(this.pipeline, preparation, () => this.log.refuses);
    this.tables.attach(
      { storedUpTo: () => this.materialiser.lowMark - 1, midRecord: () => this.log.midRecord },
      recovered.nextSeq - 1,
    );
    this.tableAdmin = new TableAdmin(this.tables, this.log);
    this.sourceAdmin = new SourceAdmin({
      shard: id,
      sources: this.sources,
      log: this.log,
      store,
      durability,
    });
    this.lastChanges = new LastChanges({ store, tables, incarnations, log: this.log });
    const { log, clock, seqClock } = this;
    this.idleClients = new IdleClients({ numbers: this.numbers, log, clock, counters, logger });
    this.expiry = new Expiry({ store, tables, log, clock, seqClock, counters, logger });
  }

  describe(): DescribeShardResponse {
    const { counters } = this;
    return {
      id: this.id,
      epoch: this.routing.epoch,
      logIncarnation: this.logIncarnation,
      seq: this.log.appliedSeq,
      lowMark: this.materialiser.lowMark,
      durability: this.durability,
      tables: this.tableStates(),
      slotsOwned: this.ownership.slots.reduce((sum, owned) => sum + owned, 0),
      pushRows: counters.pushRows,
      pullRows: counters.pullRows,
      deltaRows: counters.deltaRows,
      subscribers: counters.subscribers,
      pushes: counters.pushes,
      duplicates: counters.duplicates,
      refusals: counters.refusedTotal(),
    };
  }

  tableStates(): TableState[] {
    return this.tables
      .list()
      .map(({ spec, rowCount, rows }) => ({ spec, rows: rowCount, bytes: rows.bytes }));
  }

  /** Settles what was taken, refuses what comes, writes nothing afterwards. */
  async stop(): Promise<void> {
    this.idleClients.stop();
    await this.expiry.stop();
    // Rows stay in memory from here on: the log must not wait for a disk that refuses them.
    void this.tables.stop();
    await this.log.stop();
    await this.materialiser.stop();
    await this.tables.stop();
  }
}

/**
 * Checks that the folder is this shard's, recovers its state, and begins an incarnation of its log.
 * @throws WeirError CONFIGURATION (another shard's folder, another topology, a newer format), CORRUPT, CANCELLED.
 */
export async function openShard(options: ShardOptions): Promise<Shard> {
  const { id, routing, durability, store, logger } = options;
  const begun = performance.now();
  const storedBytes = await store.get(META, IDENTITY_KEY);
  const stored = storedBytes === undefined ? undefined : decodeIdentity(storedBytes);
  const hasData = await holdsData(store);
  if (stored === undefined && hasData) {
    throw new WeirError('CORRUPT', 'the folder holds rows but does not say which shard it belongs to');
  }
  const identity = decideOpen(stored, identityOf(id, routing), hasData || options.holdsGroups === true);
  if (durability === 'memory' && hasData) {
    throw new WeirError(
      'CONFIGURATION',
      `the folder holds rows that shard ${id} stored; durability memory would not show them: ` +
        'choose process or machine, or an empty folder',
    );
  }
  const progress = options.progress ?? new RecoveryProgress();
  const signal = options.signal ?? new AbortController().signal;
  // Rows that had left memory when there was no log: nothing of theirs is left.
  if (durability === 'memory') await store.write(store.batch().deleteRange(ROWS, FIRST_KEY, LAST_KEY));
  const recovered = durability === 'memory' ? emptyState(store) : await recover({ store, progress, signal });
  await loseAcquired(store, recovered.sources);
  await store.write(store.batch().put(META, IDENTITY_KEY, encodeIdentity(identity)));
  const incarnations = await beginIncarnation(store, recovered.nextSeq);
  const logIncarnation = incarnations.at(-1)!.id;
  const { lowMark, nextSeq } = recovered;
  const ms = Math.round(performance.now() - begun);
  logger.info({ ...progress.json(), lowMark, nextSeq, ms, logIncarnation, durability }, 'shard opened');
  return new Shard(options, recovered, incarnations);
}

/** Every key of a family that begins with a table's uid lies between. */
const FIRST_KEY = Uint8Array.of(0);
const LAST_KEY = Uint8Array.of(255);

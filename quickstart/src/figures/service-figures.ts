// What the running services say of themselves, each at its own admin port or, a shard, at its gRPC port.
import { Metadata } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { type DescribeShardResponse, ParameterServerClient } from '@weir/proto/v1/parameter_server';
import { CHANNEL_OPTIONS, PLAIN, unary } from '../replay/channel.ts';
import { untilAcknowledged } from '../replay/until-acknowledged.ts';
import { adminJson, count, figure, type Json, part, total } from './admin-json.ts';

/** Where to ask: `host:port` each. */
export interface FigureSources {
  readonly collectorAdmin: string;
  /** Of the stitchers that there are now. */
  readonly stitcherAdmins: () => readonly string[];
  /** Of every stream. */
  readonly partitions: number;
  /** Of the trainers that there are now. */
  readonly trainerAdmins: () => readonly string[];
  /** What all of them have trained, from what each answers at `/evaluation/totals`, as one trainer would report it. */
  readonly mergeTrainers: (totals: readonly Json[]) => Json;
  readonly predictorAdmin: string;
  readonly shards: readonly string[];
}

export interface LossAndAuc {
  readonly log_loss: number | null;
  readonly auc: number | null;
}

export interface ServedFigures extends LossAndAuc {
  readonly gauc: number | null;
  readonly mrr: number | null;
  readonly ndcg_10: number | null;
}

export interface LabelFigures extends LossAndAuc {
  readonly normalised_entropy: number | null;
  readonly served: ServedFigures;
  /** The model as it was at `--freeze-after`, and what was served on the same documents; undefined without one. */
  readonly frozen: { readonly frozen: LossAndAuc; readonly served: LossAndAuc } | undefined;
}

export interface ShardFigures {
  readonly id: string;
  readonly rows: number;
  readonly pushRows: number;
}

export interface ServiceFigures {
  readonly rejected: number;
  readonly duplicates: number;
  readonly late: number;
  readonly orphans: number;
  readonly openRequests: number;
  readonly trainedSamples: number;
  readonly labels: ReadonlyMap<string, LabelFigures>;
  readonly freshnessP50Ms: number | null;
  readonly freshnessP99Ms: number | null;
  readonly rankCalls: number;
  readonly deltaRows: number;
  readonly shards: readonly ShardFigures[];
  /** Services that answered, each a process. */
  readonly processes: number;
}

export async function readServiceFigures(sources: FigureSources): Promise<ServiceFigures> {
  const trainerAdmins = sources.trainerAdmins();
  const stitcherAdmins = sources.stitcherAdmins();
  const [collector, stitchers, totals, predictor, shards] = await Promise.all([
    adminJson(sources.collectorAdmin, '/counters'),
    Promise.all(stitcherAdmins.map((admin) => adminJson(admin, '/counters'))),
    Promise.all(trainerAdmins.map((admin) => adminJson(admin, '/evaluation/totals'))),
    adminJson(sources.predictorAdmin, '/counters'),
    Promise.all(sources.shards.map(describeShard)),
  ]);
  const evaluation = sources.mergeTrainers(totals);
  requireAll(stitchers, sources.partitions);
  const stitched = (read: (counters: Json) => number): number =>
    stitchers.reduce((sum, counters) => sum + read(counters), 0);
  return {
    rejected: total(collector, 'rejected') + stitched((counters) => total(counters, 'rejected')),
    duplicates: total(collector, 'duplicates') + stitched((counters) => total(counters, 'duplicates')),
    late: stitched((counters) => total(counters, 'late')),
    orphans: stitched((counters) => total(counters, 'orphans')),
    openRequests: stitched((counters) => count(counters, 'open_requests')),
    trainedSamples: count(evaluation, 'samples'),
    labels: new Map(
      Object.keys(part(evaluation, 'labels')).map((label) => [
        label,
        labelFigures(part(part(evaluation, 'labels'), label)),
      ]),
    ),
    freshnessP50Ms: figure(predictor, 'freshness_p50_ms'),
    freshnessP99Ms: figure(predictor, 'freshness_p99_ms'),
    rankCalls: count(predictor, 'rank_calls'),
    deltaRows: count(predictor, 'delta_rows'),
    shards,
    // The streams server answered to whoever asks here: without it nothing was sent.
    processes: 3 + stitcherAdmins.length + trainerAdmins.length + shards.length,
  };
}

/** A partition's counts are told by whoever has it: all of them, and none twice. */
function requireAll(stitchers: readonly Json[], partitions: number): void {
  const told = stitchers.flatMap(({ partitions: own }) => (Array.isArray(own) ? own : []));
  if (told.length === partitions) return;
  throw new WeirError('UNAVAILABLE', `${told.length} of ${partitions} partitions have a stitcher just now`);
}

/** The same, asked until all answer: one that was killed just now is being started again. */
export function readFinalFigures(sources: FigureSources, signal: AbortSignal): Promise<ServiceFigures> {
  return untilAcknowledged(() => readServiceFigures(sources), signal);
}

function labelFigures(json: Json): LabelFigures {
  const arms = part(json, 'arms');
  const frozen = part(arms, 'frozen');
  const served = part(json, 'served');
  return {
    ...lossAndAuc(json),
    normalised_entropy: figure(json, 'normalised_entropy'),
    served: {
      ...lossAndAuc(served),
      gauc: figure(served, 'gauc'),
      mrr: figure(served, 'mrr'),
      ndcg_10: figure(served, 'ndcg_10'),
    },
    frozen:
      'frozen' in arms
        ? { frozen: lossAndAuc(frozen), served: lossAndAuc(part(frozen, 'served_on_same')) }
        : undefined,
  };
}

const lossAndAuc = (json: Json): LossAndAuc => ({
  log_loss: figure(json, 'log_loss'),
  auc: figure(json, 'auc'),
});

async function describeShard(address: string): Promise<ShardFigures> {
  const client = new ParameterServerClient(address, PLAIN, CHANNEL_OPTIONS);
  try {
    const shard = await unary<DescribeShardResponse>((options, done) =>
      client.describeShard({}, new Metadata(), options, done),
    );
    const rows = shard.tables.reduce((sum, table) => sum + table.rows, 0);
    return { id: shard.id, rows, pushRows: shard.pushRows };
  } finally {
    client.close();
  }
}

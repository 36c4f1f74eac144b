// Keeps a replica of each of the model's tables at its newest rows, for as long as the process runs.
import { type Model, qualifiedTableName } from '@weir/model';
import { childSpan, messagingAttributes } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import type { Table, TableDelta, Weir } from '@weir/sdk';
import type { Freshness } from './freshness.ts';
import type { PredictorMetrics } from './metrics.ts';
import { Replica } from './replica.ts';
import { RowSource } from './row-source.ts';
import { TracedRows } from './traced-rows.ts';

export interface FollowOptions {
  readonly model: Model;
  readonly weir: Weir;
  readonly tableSet: string;
  readonly log: Runtime['log'];
  readonly freshness: Freshness;
  /** Ends the following. */
  readonly signal: AbortSignal;
  readonly metrics: Pick<PredictorMetrics, 'delivered' | 'gap'>;
}

/** Makes the tables if they are not there yet. A delta stream that fails for good ends the process. */
export async function followTables(options: FollowOptions): Promise<RowSource[]> {
  const { model, weir, tableSet, log } = options;
  const shards = weir.routing().shards.map(({ id }) => id);
  const sources: RowSource[] = [];
  for (const definition of model.tables) {
    const name = qualifiedTableName(tableSet, definition);
    await weir.tables.create({ ...definition, name });
    const table = await weir.table(name);
    const replica = new Replica(definition.dim, shards);
    const traced = new TracedRows();
    const onPullFailed = (error: unknown): void => {
      log.warn({ err: error, table: name }, 'pull failed; rows stay at their prior');
    };
    const source = new RowSource({ table, definition, replica, traced, onPullFailed });
    sources.push(source);
    void follow(table, source, options);
  }
  return sources;
}

/** Returns when the signal aborts. The SDK reconnects by itself; any other failure is thrown. */
async function follow(table: Table, source: RowSource, options: FollowOptions): Promise<void> {
  const { signal, freshness, metrics } = options;
  const known = new Set<string>();
  try {
    for await (const delta of table.subscribe({ signal })) {
      if (delta.traced.length === 0) source.replica.apply(delta);
      else applyTraced(delta, table.name, source);
      if (delta.upTo !== undefined) source.reached(delta.cursor);
      if (delta.snapshotStart && known.has(delta.shard)) metrics.gap();
      known.add(delta.shard);
      // What changed before this process looked says nothing of now.
      const originTimeMs = delta.snapshot ? 0 : delta.originTimeMs;
      metrics.delivered(delta.packedKeys.length >>> 1, originTimeMs);
      if (originTimeMs > 0) freshness.changed(originTimeMs);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Each change under a span of its own trace, which the answers that use its rows link to. */
function applyTraced(delta: TableDelta, table: string, { replica, traced }: RowSource): void {
  const attributes = messagingAttributes(table, { name: 'delta', type: 'process' });
  const changes = delta.traced.map(({ context, packedKeys }) => ({
    packedKeys,
    span: childSpan('apply delta', context, {
      kind: 'CONSUMER',
      attributes: { ...attributes, 'weir.rows': packedKeys.length / 2, 'weir.shard': delta.shard },
    }),
  }));
  replica.apply(delta);
  for (const { packedKeys, span } of changes) {
    traced.add(span.spanContext(), packedKeys);
    span.end();
  }
}

// From one score back: the rows that it was made of, what changed each of them last before it, and what that was
// learned from.
import { createExampleDecoder, type Model, qualifiedTableName, trainerGroup } from '@weir/model';
import { unpackKeys, WeirError } from '@weir/proto';
import type { LastChange, TableCursor, Weir } from '@weir/sdk';
import type { StreamsClient } from '@weir/streams/client';
import { f32 } from '../row-text.ts';
import { type Answer, findAnswer } from './answer.ts';
import { BatchReader } from './batches.ts';
import type { Change, ExplainedRow, Explanation } from './explanation.ts';
import { featureNames } from './feature-names.ts';

export interface ExplainOptions {
  readonly weir: Weir;
  readonly streams: StreamsClient;
  /** The one that answered. */
  readonly model: Model;
  readonly servingId: string;
  /** Undefined: the one with the highest score of the first label. */
  readonly document: string | undefined;
}

interface Found {
  readonly table: number;
  readonly key: bigint;
  readonly row: Omit<ExplainedRow, 'change'>;
  readonly change: LastChange;
}

/**
 * @throws WeirError INVALID_ARGUMENT when the answer or the document is not known; CONFIGURATION for another model than answered.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { weir, streams, model } = options;
  const answer = await findAnswer(streams, options.servingId);
  requireModel(answer, model);
  const index = documentOf(answer, options.document);
  const decoder = createExampleDecoder(model.schema, model.staticWidth);
  const { features, user, scene, modelVersion } = answer;
  const document = answer.docIds[index]!;
  const input = { features, user, scene, docIds: [document], rows: Uint32Array.of(answer.rows[index]!) };
  const examples = decoder.decode(input, 'serve');
  const names = featureNames(input, examples, model.schema);
  const found: Found[] = [];
  for (const [table, packed] of model.keys(examples).entries()) {
    const keys = BigUint64Array.from(new Set(unpackKeys(packed)));
    found.push(...(await tableRows(weir, model, answer, table, keys, names)));
  }
  const numbers = new Map(found.map(({ table, key }, number) => [`${table} ${key}`, number]));
  const batches = await BatchReader.open({
    weir,
    streams,
    model,
    decoder,
    group: trainerGroup(modelVersion.tableSet),
    rowOf: (table, key) => numbers.get(`${table} ${key}`),
  });
  const rows: ExplainedRow[] = [];
  for (const { row, change } of found) rows.push({ ...row, change: await changeOf(change, batches) });
  return {
    serving_id: answer.servingId,
    time_ms: answer.timeMs,
    document,
    found_in: answer.foundIn,
    scores: Object.fromEntries([...answer.scores].map(([label, values]) => [label, f32(values[index]!)])),
    model: {
      table_set: modelVersion.tableSet,
      static_hash: modelVersion.staticHash,
      schema_fingerprint: modelVersion.schemaFingerprint,
      dense_step: modelVersion.denseStep ?? null,
    },
    rows,
    batches: batches.batches,
    notes: notesOn(answer, rows),
  };
}

async function tableRows(
  weir: Weir,
  model: Model,
  { modelVersion }: Answer,
  table: number,
  keys: BigUint64Array,
  names: ReadonlyMap<bigint, string>,
): Promise<Found[]> {
  const definition = model.tables[table]!;
  const rows = await weir.table(qualifiedTableName(modelVersion.tableSet, definition));
  const versions = modelVersion.rows.filter((version) => version.table === definition.name);
  const at: TableCursor = {
    tableUid: rows.uid,
    shards: Object.fromEntries(
      versions.map(({ shard, logIncarnation, seq }) => [shard, { logIncarnation, seq }]),
    ),
  };
  const [changes, weights] = await Promise.all([rows.lastChanges(keys, { at }), rows.pull(keys)]);
  return Array.from(keys, (key, i) => {
    const { shard } = changes[i]!;
    const position = at.shards[shard];
    return {
      table,
      key,
      change: changes[i]!,
      row: {
        table: rows.name,
        key: `0x${key.toString(16).padStart(16, '0')}`,
        feature: names.get(key) ?? null,
        weights_now: Array.from(weights.subarray(i * rows.dim, (i + 1) * rows.dim), f32),
        shard,
        version:
          position === undefined ? null : { log_incarnation: position.logIncarnation, seq: position.seq },
      },
    };
  });
}

async function changeOf(change: LastChange, batches: BatchReader): Promise<Change> {
  switch (change.kind) {
    case 'push': {
      const { seq, clockMs, client } = change.push;
      const gradient = Array.from(change.gradient, f32);
      return {
        kind: 'push',
        seq,
        time_ms: clockMs,
        client,
        gradient,
        batch: await batches.read(change.push),
      };
    }
    case 'removed':
      return { kind: 'removed', seq: change.seq };
    case 'older':
      return { kind: 'older', searched_from: change.searchedFrom };
    default:
      return { kind: change.kind };
  }
}

function documentOf({ servingId, docIds, scores }: Answer, wanted: string | undefined): number {
  if (wanted !== undefined) {
    const index = docIds.indexOf(wanted);
    if (index >= 0) return index;
    const message = `serving id "${servingId}" has no document "${wanted}"; it has ${docIds.slice(0, 10).join(', ')}`;
    throw new WeirError('INVALID_ARGUMENT', message);
  }
  const [first] = scores.values();
  return first === undefined ? 0 : first.reduce((best, score, i) => (score > first[best]! ? i : best), 0);
}

/** Keys are the model's: those of another one name other rows. */
function requireModel({ servingId, modelVersion, scores }: Answer, model: Model): void {
  const wrong = (what: string) =>
    new WeirError('CONFIGURATION', `serving id "${servingId}" was answered by another model: ${what}`);
  const { schemaFingerprint, staticHash } = modelVersion;
  if (schemaFingerprint !== model.schemaFingerprint) {
    throw wrong(`schema ${schemaFingerprint}, not ${model.schemaFingerprint}; give its --schema`);
  }
  if (staticHash !== model.staticHash) {
    throw wrong(`static part ${staticHash || 'none'}, not ${model.staticHash || 'none'}; give its --static`);
  }
  const labels = [...scores.keys()].join(',');
  if (labels !== model.labels.join(',')) throw wrong(`labels ${labels}; give --labels ${labels}`);
}

function notesOn({ modelVersion, foundIn }: Answer, rows: readonly ExplainedRow[]): string[] {
  const notes: string[] = [];
  if (foundIn === 'samples')
    notes.push(
      'its record in features is trimmed: told from its samples, without documents that were not shown',
    );
  if (modelVersion.denseStep !== undefined) {
    notes.push(
      `the dense weights are those of barrier step ${modelVersion.denseStep}, an average over all trainers: no single batch is behind them`,
    );
  }
  const unversioned = [...new Set(rows.filter(({ version }) => version === null).map(({ shard }) => shard))];
  if (unversioned.length > 0) {
    notes.push(
      `of ${unversioned.join(', ')} the answer did not record a version (pulled before the replica was whole, or of an older predictor): changes up to now are shown`,
    );
  }
  const older = rows.filter(({ change }) => change.kind === 'older').length;
  if (older > 0)
    notes.push(
      `${older} rows were last changed before the kept log, or never: shards trim it once rows are on disk`,
    );
  if (rows.some(({ change }) => change.kind === 'lost')) {
    notes.push(
      'a version is of a log that a shard has no more (a crash took it back, or it was opened anew too often since)',
    );
  }
  return notes;
}

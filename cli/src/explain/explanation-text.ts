// An explanation for people: the answer, its rows, and under each batch what was learned in it. Pure.
import { columns } from '../output.ts';
import type { Batch, Change, ExplainedRow, Explanation, LearnedSample } from './explanation.ts';

/** Samples told one by one of a batch; --json has all. */
const SAMPLES_TOLD = 10;
/** Rows named of a sample. */
const ROWS_TOLD = 4;

export function explanationText(explanation: Explanation): string {
  const { serving_id, time_ms, document, found_in, scores, model, rows, batches, notes } = explanation;
  const scored = Object.entries(scores).map(([label, score]) => `${label} ${score}`);
  const header = ['row', 'table', 'weights now', 'version', 'changed last', 'gradient', 'batch'];
  return [
    `${serving_id}, document ${document}: ${scored.join(', ')}`,
    `answered ${time(time_ms)} with the rows of ${model.table_set}; found in ${found_in}`,
    '',
    columns(header, rows.map(rowCells)),
    ...batches.flatMap((batch, number) => ['', ...batchLines(batch, number, rows)]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `note: ${note}`)]),
  ].join('\n');
}

function rowCells(row: ExplainedRow): string[] {
  const { change } = row;
  const isPush = change.kind === 'push';
  return [
    nameOf(row),
    row.table,
    row.weights_now.map(short).join(' '),
    `${row.shard} ${row.version === null ? '?' : row.version.seq}`,
    changeText(change),
    isPush ? change.gradient.map(short).join(' ') : '',
    isPush && change.batch !== null ? String(change.batch + 1) : '',
  ];
}

function changeText(change: Change): string {
  switch (change.kind) {
    case 'push': {
      const unknown = change.batch === null ? ', which did not say from what' : '';
      return `${change.seq}, ${time(change.time_ms)}, by ${change.client}${unknown}`;
    }
    case 'removed':
      return `${change.seq}: removed (expired or evicted)`;
    case 'none':
      return 'never by then: its initial value';
    case 'older':
      return `before ${change.searched_from}, where the kept log begins, or never`;
    case 'lost':
      return 'not known: the log does not have this version';
  }
}

function batchLines(batch: Batch, number: number, rows: readonly ExplainedRow[]): string[] {
  const ranges = batch.ranges.map(({ partition, from, to }) => `${from} to ${to} of partition ${partition}`);
  const all = batch.requests.flatMap((request) =>
    request.samples.map((sample) => ({
      request,
      sample,
      isPositive: isPositive(sample),
      // Others of its rows were changed again later, by another batch.
      changed: sample.rows.filter((row) => batchOf(rows[row]!) === number),
    })),
  );
  const having = all.filter(({ changed }) => changed.length > 0);
  // What was positive says most; then what shares the most rows.
  const told = having
    .toSorted((a, b) => Number(b.isPositive) - Number(a.isPositive) || b.changed.length - a.changed.length)
    .slice(0, SAMPLES_TOLD);
  const lines = told.map(({ request, sample, changed }) => {
    const labels = Object.entries(sample.labels).map(([label, value]) => `${label} ${value}`);
    const events = sample.events.map(
      ({ label, event_id, time_ms }) => `; ${label} by event ${event_id || '?'}, ${time(time_ms)}`,
    );
    return `  ${request.serving_id}/${sample.document}: ${labels.join(', ')}${events.join('')}; changed ${rowNames(changed, rows)}`;
  });
  const rest = having.length - told.length;
  return [
    `batch ${number + 1}: samples ${ranges.join(', ')}: ${batch.requests.length} records, ${all.length} samples, ${having.length} of them with rows that it changed last`,
    ...lines,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...batch.unknown.map((why) => `  not known: ${why}`),
  ];
}

const isPositive = ({ labels }: LearnedSample) => Object.values(labels).some((value) => value > 0);

function batchOf({ change }: ExplainedRow): number | null {
  return change.kind === 'push' ? change.batch : null;
}

function rowNames(changed: readonly number[], rows: readonly ExplainedRow[]): string {
  const names = changed.map((row) => nameOf(rows[row]!));
  const rest = names.length - ROWS_TOLD;
  return `${names.slice(0, ROWS_TOLD).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const nameOf = ({ feature, key }: ExplainedRow) => feature ?? key;
const time = (timeMs: number) => new Date(timeMs).toISOString();
const short = (value: number) => String(Number(value.toPrecision(3)));

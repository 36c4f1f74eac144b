// Sorts rows that need not fit memory: runs of bounded size, sorted, in temporary files, then merged. A file that
// fits one run never touches the disk.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WeirError } from '@weir/proto';
import { SORT_RUN_CHARACTERS, SORT_RUNS_MAX } from '../limits.ts';
import { readLines } from './lines.ts';

export interface SortedRow<Row> {
  /** Line of the input, from 1: breaks ties, so that the order is total. */
  readonly line: number;
  /** About how much memory the row takes: the length of its line. */
  readonly characters: number;
  readonly row: Row;
}

export interface SortOptions<Row> {
  compare(a: Row, b: Row): number;
  /** One line without line ends, from which `decode` makes an equal row. */
  encode(row: Row): string;
  decode(text: string): Row;
  /** Characters of rows held in memory. */
  readonly runCharacters?: number;
}

/**
 * The rows in order.
 * @throws WeirError CONFIGURATION when the input needs more than SORT_RUNS_MAX runs.
 */
export async function* externalSort<Row>(
  rows: AsyncIterable<SortedRow<Row>>,
  options: SortOptions<Row>,
): AsyncGenerator<SortedRow<Row>> {
  const compare = (a: SortedRow<Row>, b: SortedRow<Row>) => options.compare(a.row, b.row) || a.line - b.line;
  const runCharacters = options.runCharacters ?? SORT_RUN_CHARACTERS;
  const folder: { path?: string } = {};
  const runs: string[] = [];
  let current: SortedRow<Row>[] = [];
  let characters = 0;
  try {
    for await (const row of rows) {
      current.push(row);
      characters += row.characters;
      if (characters < runCharacters) continue;
      if (runs.length === SORT_RUNS_MAX) {
        throw new WeirError(
          'CONFIGURATION',
          'the input is too large to be sorted here; sort it by time and replay it as ndjson',
        );
      }
      folder.path ??= await mkdtemp(join(tmpdir(), 'weir-sort-'));
      runs.push(await writeRun(join(folder.path, `run-${runs.length}`), current.sort(compare), options));
      current = [];
      characters = 0;
    }
    current.sort(compare);
    if (runs.length === 0) yield* current;
    else yield* merge([...runs.map((path) => readRun(path, options)), fromArray(current)], compare);
  } finally {
    if (folder.path !== undefined) await rm(folder.path, { recursive: true, force: true });
  }
}

async function writeRun<Row>(
  path: string,
  rows: readonly SortedRow<Row>[],
  options: SortOptions<Row>,
): Promise<string> {
  const lines = rows.values().map(({ line, row }) => `${line}\t${options.encode(row)}\n`);
  await pipeline(lines, createWriteStream(path));
  return path;
}

async function* readRun<Row>(path: string, options: SortOptions<Row>): AsyncGenerator<SortedRow<Row>> {
  const lines = readLines(path, (line, reason) => {
    throw new Error(`sorted run ${path}: line ${line}: ${reason}`);
  });
  for await (const { text } of lines) {
    const tab = text.indexOf('\t');
    yield {
      line: Number(text.slice(0, tab)),
      characters: text.length,
      row: options.decode(text.slice(tab + 1)),
    };
  }
}

async function* fromArray<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** Merges sorted sources. Few enough that looking at all heads costs less than a heap. */
async function* merge<Item>(
  sources: readonly AsyncGenerator<Item>[],
  compare: (a: Item, b: Item) => number,
): AsyncGenerator<Item> {
  const heads: { source: AsyncGenerator<Item>; item: Item }[] = [];
  const advance = async (source: AsyncGenerator<Item>): Promise<Item | undefined> => {
    const next = await source.next();
    return next.done ? undefined : next.value;
  };
  try {
    for (const source of sources) {
      const item = await advance(source);
      if (item !== undefined) heads.push({ source, item });
    }
    while (heads.length > 0) {
      let least = 0;
      for (let i = 1; i < heads.length; i++) if (compare(heads[i]!.item, heads[least]!.item) < 0) least = i;
      const head = heads[least]!;
      yield head.item;
      const item = await advance(head.source);
      if (item === undefined) heads.splice(least, 1);
      else head.item = item;
    }
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}

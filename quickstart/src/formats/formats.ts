// The formats that a replay reads, by name.
import { readJdata } from './jdata.ts';
import { readMovielens } from './movielens.ts';
import { readNdjson } from './ndjson.ts';
import type { OnBadLine, ReplayRecord } from './record.ts';
import { readTrivago } from './trivago.ts';

const READERS = {
  ndjson: readNdjson,
  trivago: readTrivago,
  jdata: readJdata,
  movielens: readMovielens,
} as const;

export type Format = keyof typeof READERS;
export const FORMATS = Object.keys(READERS) as readonly Format[];

/**
 * The records of a data set, in order of time, in bounded memory.
 * @param path a file, plain or gzip; for trivago and movielens the set's folder too, for jdata its folder
 */
export function readRecords(
  format: Format,
  path: string,
  onBadLine: OnBadLine,
): AsyncGenerator<ReplayRecord> {
  return READERS[format](path, onBadLine);
}

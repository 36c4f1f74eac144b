// Serving ids for data sets that have none: a hash of set and line number, so that they are the same in every
// run and spread over the partitions. Pure.
import { xxHash64 } from '@weir/proto';

/** 16 hex characters. */
export function idOfRow(dataset: string, line: number): string {
  return xxHash64(`${dataset}:${line}`).toString(16).padStart(16, '0');
}

// How much memory rows and index take, and whether there is some for more.
import { indexBytes, indexBytesFor } from './index';
import { reserve, reserveForRows, usedShare } from './memory';
import { freePlaces, rowBytes, rows, slabBytes, slabBytesFor } from './slab';

export function rowCount(): u32 {
  return rows;
}

/** Bytes of rows and index. */
export function usedBytes(): f64 {
  return <f64>(slabBytes() + indexBytes());
}

/** Share of the memory for rows and index that is in use; 1: a new row has no place. */
export function fullness(): f64 {
  return usedShare(freePlaces() * rowBytes);
}

/** Whether there is room for so many new rows, and what must be left beside them. */
export function room(newRows: u32): bool {
  return reserveForRows(slabBytesFor(newRows), indexBytesFor(newRows));
}

/**
 * The same for rows of a log record, for which there was room when it was taken: since then other things may have come
 * into memory, in a replay also rows that are removed further on in the log, so they may take what must be left.
 */
export function roomForLogged(newRows: u32): bool {
  return reserve(slabBytesFor(newRows) + indexBytesFor(newRows));
}

/** Whether the index can take so many rows of a page. */
export function roomToLoad(loadedRows: u32): bool {
  return reserve(indexBytesFor(loadedRows));
}

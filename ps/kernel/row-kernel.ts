// One stripe of a table: what the host calls. Keys and values come and go in batches through the scratch area, which
// the host writes and reads by address. Look-ups run in blocks and in passes: the first pass reads index entries, the
// second rows' cache lines, the third works; so the memory's latencies overlap instead of adding up.
//
// What always holds: results are those of the plain kernel (ps/src/kernel), page for page and bit for bit.
import { fmix64 } from './hash';
import { enter, entryOf, find, indexBytes, indexBytesFor, openIndex, probe } from './index';
import { initialize } from './initializers';
import { allocate, PAGE_ROWS, PAGE_SEQS, reserve } from './memory';
import { fillState, updateRow } from './optimizers';
import {
  addRow,
  addressOf,
  adoptRows,
  dim,
  firstPlaceOf,
  layOut,
  markPage,
  pageCount,
  reachPage,
  rowBytes,
  rows,
  SEQ_AT,
  slabBytes,
  slabBytesFor,
  WEIGHTS_AT,
  weightBytes,
} from './slab';

export { chooseInitializer } from './initializers';
export { chooseOptimizer } from './optimizers';
export { pageCount, reachPage } from './slab';

/** Rows of a block: few enough that what the passes read is still in the first cache when it is used. */
const BLOCK: u32 = 64;
/** Of a row, so much is read ahead; the processor fetches the rest of a long row by itself. */
const AHEAD_MAX: u32 = 512;
const SCRATCH_ROWS_MIN: u32 = 64;
/** Where `scan` stopped, and how many rows it looked at. */
let scanPage: u32 = 0;
let scanRow: u32 = 0;
let scanSeen: u32 = 0;

let scratchRows: u32 = 0;
let keys: u32 = 0;
/** Per key of the batch: low word of its hash; then place + 1, or 0; then its row's address, or 0 for none. */
let hashes: u32 = 0;
let places: u32 = 0;
let found: u32 = 0;
let values: u32 = 0;
/** Keeps reads ahead from being optimized away. */
let sink: u32 = 0;

export function open(dimension: u32, states: u32, stride: u32, pageShift: u32, chunkShift: u32): void {
  layOut(dimension, states, stride, pageShift, chunkShift);
  openIndex();
}

/** Makes the scratch area hold so many keys and rows of values; 0: memory is used up. Returns where keys begin. */
export function scratch(count: u32): u32 {
  if (count <= scratchRows) return keys;
  const capacity = max(max(count, 2 * scratchRows), SCRATCH_ROWS_MIN);
  const rowSize: u64 = 8 + 4 + 4 + 4 + weightBytes;
  if (!reserve(rowSize * capacity + 64 * 5)) return 0;
  keys = allocate(8 * capacity);
  hashes = allocate(4 * capacity);
  places = allocate(4 * capacity);
  found = allocate(4 * capacity);
  values = allocate(weightBytes * capacity);
  scratchRows = capacity;
  return keys;
}

/** Where values of the scratch area begin. */
export function scratchValues(): u32 {
  return values;
}

/** Where the scratch area has one word a key. */
export function scratchWords(): u32 {
  return places;
}

export function rowCount(): u32 {
  return rows;
}

/** Bytes of rows and index. */
export function usedBytes(): f64 {
  return <f64>(slabBytes() + indexBytes());
}

/** Whether there is room for so many new rows. */
export function room(newRows: u32): bool {
  return reserve(slabBytesFor(newRows) + indexBytesFor(newRows));
}

/** How many of the keys in the scratch area have no row; a key that comes twice counts twice. */
export function absent(count: u32): u32 {
  let missing: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(keys + (i << 3));
    if (find(key, <u32>fmix64(key)) == 0) missing++;
  }
  return missing;
}

/** Writes the weights of the keys in the scratch area to its values. */
export function pull(count: u32): void {
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    locate(from, to, WEIGHTS_AT + weightBytes);
    for (let i = from; i < to; i++) {
      const key = load<u64>(keys + (i << 3));
      let row = load<u32>(found + (i << 2));
      if (row != 0 && load<u64>(row) != key) row = rowOf(find(key, load<u32>(hashes + (i << 2))));
      const out = values + i * weightBytes;
      if (row != 0) copyWeights(out, row + WEIGHTS_AT);
      else initialize(key, out);
    }
  }
}

/** Updates the rows of the keys in the scratch area by its values, in order; makes rows that are absent. */
export function push(count: u32, seq: f64): void {
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    locate(from, to, rowBytes);
    resolve(from, to, Infinity, seq);
    update(from, to, seq);
  }
}

/** As `push`, but leaves rows alone whose seq, before the record, is `seq` or above. Returns the updates made. */
export function replay(count: u32, seq: f64): u32 {
  let updates: u32 = 0;
  // All rows are judged before any is changed, so that all updates of a row within a record go together.
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    locate(from, to, rowBytes);
    updates += resolve(from, to, seq, seq);
  }
  update(0, count, seq);
  return updates;
}

/** Enters rows that the host has copied to the page. Returns the first row that does not belong there; -1: all do. */
export function enterPage(page: u32, count: u32, seq: f64, stripe: u32): i32 {
  const place = firstPlaceOf(page);
  adoptRows(page, count, seq);
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(addressOf(place + i));
    const hash = fmix64(key);
    if (stripeOf(hash) != stripe || find(key, <u32>hash) != 0) return i;
    enter(<u32>hash, place + i);
  }
  return -1;
}

export function pageSeq(page: u32): f64 {
  return load<f64>(PAGE_SEQS + (page << 3));
}

export function pageRows(page: u32): u32 {
  return load<u32>(PAGE_ROWS + (page << 2));
}

/** The first page from `page` on that holds a row with seq above `since`; `pageCount()` when there is none. */
export function nextPage(page: u32, since: f64): u32 {
  let at = page;
  while (at < pageCount() && load<f64>(PAGE_SEQS + (at << 3)) <= since) at++;
  return at;
}

/**
 * Writes the addresses of at most `wanted` rows with seq above `since`, from this page and row on, to the scratch
 * area's words, looking at no more than `seenMax` rows; returns how many. Where it stopped: `stoppedPage`, which is
 * `pageCount()` when it is through, and `stoppedRow`.
 */
export function scan(page: u32, row: u32, since: f64, wanted: u32, seenMax: u32): u32 {
  let count: u32 = 0;
  let at = row;
  scanSeen = 0;
  for (scanPage = nextPage(page, since); scanPage < pageCount(); scanPage = nextPage(scanPage + 1, since)) {
    if (scanPage != page) at = 0;
    const first = addressOf(firstPlaceOf(scanPage));
    for (const inPage = pageRows(scanPage); at < inPage; at++) {
      if (count == wanted || scanSeen == seenMax) {
        scanRow = at;
        return count;
      }
      scanSeen++;
      const address = first + at * rowBytes;
      if (load<f64>(address, SEQ_AT) > since) store<u32>(places + (count++ << 2), address);
    }
  }
  return count;
}

export function stoppedPage(): u32 {
  return scanPage;
}

export function stoppedRow(): u32 {
  return scanRow;
}

export function seenRows(): u32 {
  return scanSeen;
}

/**
 * Sorts the keys in the scratch area by stripe, each stripe's in their order: writes their numbers to the scratch
 * area's words, and how many each of the 8 stripes has to `scratchCounts`.
 */
export function split(count: u32): void {
  const counts = values;
  memory.fill(counts, 0, 64);
  for (let i: u32 = 0; i < count; i++) {
    const stripe = stripeOf(fmix64(load<u64>(keys + (i << 3))));
    store<u32>(hashes + (i << 2), stripe);
    store<u32>(counts + (stripe << 2), load<u32>(counts + (stripe << 2)) + 1);
  }
  const next = counts + 32;
  for (let stripe: u32 = 1; stripe < 8; stripe++) {
    const before = (stripe - 1) << 2;
    store<u32>(next + (stripe << 2), load<u32>(next + before) + load<u32>(counts + before));
  }
  for (let i: u32 = 0; i < count; i++) {
    const cursor = next + (load<u32>(hashes + (i << 2)) << 2);
    const at = load<u32>(cursor);
    store<u32>(cursor, at + 1);
    store<u32>(places + (at << 2), i);
  }
}

/** First and second pass: hashes, likely rows (places and addresses) or 0, their memory on its way to the cache. */
function locate(from: u32, to: u32, bytes: u32): void {
  let read: u32 = 0;
  for (let i = from; i < to; i++) {
    const hash = <u32>fmix64(load<u64>(keys + (i << 3)));
    store<u32>(hashes + (i << 2), hash);
    read ^= load<u32>(entryOf(hash));
  }
  const ahead = min(bytes, AHEAD_MAX);
  for (let i = from; i < to; i++) {
    const next = probe(load<u32>(hashes + (i << 2)));
    const row = rowOf(next);
    store<u32>(places + (i << 2), next);
    store<u32>(found + (i << 2), row);
    if (row == 0) continue;
    for (let at: u32 = 0; at < ahead; at += 64) read ^= load<u32>(row + at);
    read ^= load<u32>(row + ahead - 4);
  }
  sink = read;
}

/** Third pass of a push: the rows to update, made where absent, 0 where their seq is not below `below`; returns how many. */
function resolve(from: u32, to: u32, below: f64, seq: f64): u32 {
  let updates: u32 = 0;
  for (let i = from; i < to; i++) {
    const key = load<u64>(keys + (i << 3));
    let row = load<u32>(found + (i << 2));
    let next = load<u32>(places + (i << 2));
    if (row == 0 || load<u64>(row) != key) {
      const hash = load<u32>(hashes + (i << 2));
      next = find(key, hash);
      if (next == 0) next = makeRow(key, hash);
      row = rowOf(next);
    }
    if (load<f64>(row, SEQ_AT) < below) {
      markPage(next - 1, seq);
      updates++;
    } else row = 0;
    store<u32>(found + (i << 2), row);
  }
  return updates;
}

function makeRow(key: u64, hash: u32): u32 {
  const place = addRow(key);
  enter(hash, place);
  const weights = addressOf(place) + WEIGHTS_AT;
  initialize(key, weights);
  fillState(weights);
  return place + 1;
}

function update(from: u32, to: u32, seq: f64): void {
  for (let i = from; i < to; i++) {
    const row = load<u32>(found + (i << 2));
    if (row == 0) continue;
    updateRow(row + WEIGHTS_AT, values + i * weightBytes);
    store<f64>(row, seq, SEQ_AT);
  }
}

function rowOf(next: u32): u32 {
  return next == 0 ? 0 : addressOf(next - 1);
}

function copyWeights(to: u32, from: u32): void {
  let i: u32 = 0;
  for (; i + 16 <= weightBytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < weightBytes; i += 4) store<f32>(to + i, load<f32>(from + i));
}

/** Which of the 8 stripes: of the slot, the top 10 bits, the lowest 3. */
function stripeOf(hash: u64): u32 {
  return <u32>(hash >> 54) & 7;
}

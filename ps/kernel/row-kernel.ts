// One stripe of a table: what the host calls. Keys and values come and go in batches through the scratch area, which
// the host writes and reads by address. Look-ups run in blocks and in passes: the first pass reads index entries, the
// second rows' cache lines, the third works; so the memory's latencies overlap instead of adding up.
//
// AssemblyScript: `npm run prepare` compiles it, and checks it; types and operators are not TypeScript's, so the project's
// `tsc` and Biome leave this folder alone.
//
// What always holds: results are those of the plain kernel (ps/src/kernel), page for page and bit for bit.
import { fmix64 } from './hash';
import { enter, entryOf, find, leave, openIndex, probe } from './index';
import { initialize } from './initializers';
import { LINE, limitMemory } from './memory';
import { fillState, updateRow } from './optimizers';
import { found, hashes, keys, places, values } from './scratch';
import { tracksUse } from './spill';
import {
  addRow,
  addressOf,
  freeRow,
  layOut,
  markPage,
  markUsed,
  rowBytes,
  rows,
  SEQ_AT,
  WEIGHTS_AT,
  weightBytes,
} from './slab';

export { chooseInitializer } from './initializers';
export { chooseOptimizer } from './optimizers';
export {
  enterPage,
  expectPages,
  nextPage,
  pageSeq,
  scan,
  scanStale,
  seenRows,
  stoppedPage,
  stoppedRow,
} from './pages';
export { fullness, room, roomForLogged, roomToLoad, rowCount, usedBytes } from './room';
export { scratch, scratchValues, scratchWords } from './scratch';
export { chunkStride, extentOf, pageCount, reachPage } from './slab';
export {
  freeKeys,
  handPlace,
  insertKeys,
  locateRows,
  markInserted,
  sweep,
  trackUse,
} from './spill';
export { split } from './split';

/** Rows of a block: few enough that what the passes read is still in the first cache when it is used. */
const BLOCK: u32 = 64;
/** Of a row, so much is read ahead; the processor fetches the rest of a long row by itself. */
const AHEAD_MAX: u32 = 512;
/** Keeps reads ahead from being optimized away. */
let sink: u32 = 0;

/** @param memoryPages bound of the memory, in pages of 64 KiB. */
export function open(
  dimension: u32,
  states: u32,
  stride: u32,
  pageShift: u32,
  chunkShift: u32,
  memoryPages: u32,
): void {
  limitMemory(memoryPages);
  layOut(dimension, states, stride, pageShift, chunkShift);
  openIndex();
}

/** How many of the keys in the scratch area have no row; a key that comes twice counts twice. Words: 1 for each of them. */
export function absent(count: u32): u32 {
  let missing: u32 = 0;
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    locate(from, to, WEIGHTS_AT);
    for (let i = from; i < to; i++) {
      const key = load<u64>(keys + (i << 3));
      const row = load<u32>(found + (i << 2));
      let gone: u32 = 0;
      if (row == 0 || (load<u64>(row) != key && find(key, load<u32>(hashes + (i << 2))) == 0)) gone = 1;
      store<u32>(places + (i << 2), gone);
      missing += gone;
    }
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
      let next = load<u32>(places + (i << 2));
      if (row != 0 && load<u64>(row) != key) {
        next = find(key, load<u32>(hashes + (i << 2)));
        row = rowOf(next);
      }
      const out = values + i * weightBytes;
      if (row == 0) {
        initialize(key, out);
        continue;
      }
      copyWeights(out, row + WEIGHTS_AT);
      if (tracksUse) markUsed(next - 1);
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

/** Frees the rows of the keys in the scratch area whose seq is at most `upTo`, as record `seq`; returns how many. */
export function remove(count: u32, seq: f64, upTo: f64): u32 {
  const before = rows;
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const to = min(from + BLOCK, count);
    locate(from, to, WEIGHTS_AT);
    for (let i = from; i < to; i++) {
      const key = load<u64>(keys + (i << 3));
      const hash = load<u32>(hashes + (i << 2));
      const next = find(key, hash);
      if (next == 0 || load<f64>(addressOf(next - 1), SEQ_AT) > upTo) continue;
      leave(hash, next - 1);
      freeRow(next - 1);
      markPage(next - 1, seq);
    }
  }
  return before - rows;
}

/**
 * First and second pass: hashes, likely rows (places and addresses) or 0, their memory on its way to the cache.
 *
 * Loops that only read ahead compute nothing: a processor looks a few hundred instructions ahead, and how many reads
 * from memory are under way at once depends on how many instructions lie between them.
 */
function locate(from: u32, to: u32, bytes: u32): void {
  for (let i = from; i < to; i++) {
    const hash = <u32>fmix64(load<u64>(keys + (i << 3)));
    store<u32>(hashes + (i << 2), hash);
    store<u32>(found + (i << 2), entryOf(hash));
  }
  let read = touch(from, to, 0);
  for (let i = from; i < to; i++) {
    const next = probe(load<u32>(hashes + (i << 2)));
    store<u32>(places + (i << 2), next);
    store<u32>(found + (i << 2), rowOf(next));
  }
  const ahead = min(bytes, AHEAD_MAX);
  for (let at: u32 = 0; at < ahead; at += LINE) read ^= touch(from, to, at);
  sink = read ^ touch(from, to, ahead - 4);
}

/** Reads at so many bytes behind each of the addresses found. An absent row's is 0, which may be read too. */
function touch(from: u32, to: u32, at: u32): u32 {
  let read: u32 = 0;
  for (let i = from; i < to; i++) read ^= load<u32>(load<u32>(found + (i << 2)) + at);
  return read;
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
    if (tracksUse) markUsed(next - 1);
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

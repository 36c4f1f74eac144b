// Pages as the host sees them: taken over at load, found by their dirty marks, scanned for changed rows.
import { fmix64, stripeOf } from './hash';
import { enter, entryOf, expectEntries, find, indexBytesFor, leave } from './index';
import { PAGE_SEQS, reserve } from './memory';
import { keys, places } from './scratch';
import {
  addressOf,
  extentOf,
  firstPlaceOf,
  freeRow,
  markPage,
  pageCount,
  pageOf,
  reachPage,
  rowBytes,
  SEQ_AT,
  slabBytesFor,
  take,
} from './slab';

/** Where `scan` stopped, and how many rows it looked at. */
let scanPage: u32 = 0;
let scanRow: u32 = 0;
let scanSeen: u32 = 0;

/** Rows whose index entries are read ahead of entering them. */
const BLOCK: u32 = 64;
/** Keeps reads ahead from being optimized away. */
let sink: u32 = 0;

/**
 * Takes, in an empty stripe, memory for so many pages, and room for the index of so many rows. Returns where the first
 * chunk begins; 0: not all of that fits, and pages are to come as they come. A page that is loaded writes to no chunk
 * behind its own.
 */
export function expectPages(count: u32, expectedRows: u32): u32 {
  if (pageCount() != 0 || !reserve(slabBytesFor(expectedRows) + indexBytesFor(expectedRows))) return 0;
  if (reachPage(count - 1) == 0) return 0;
  expectEntries(expectedRows);
  return addressOf(0);
}

/**
 * Enters the rows that the host has copied to the page's first `count` places. Where another page has one of the keys
 * too, the row with the newer seq stays. Returns the first row that does not belong there; -1: all do.
 */
export function enterPage(page: u32, count: u32, seq: f64, stripe: u32): i32 {
  const first = firstPlaceOf(page);
  markPage(first, seq);
  for (let place = first; place < first + count; place++) {
    if ((place & (BLOCK - 1)) == 0 || place == first) readAhead(place, min(place + BLOCK, first + count));
    const row = addressOf(place);
    const rowSeq = load<f64>(row, SEQ_AT);
    if (rowSeq == 0) continue;
    take(place);
    const key = load<u64>(row);
    const hash = fmix64(key);
    if (stripeOf(hash) != stripe) return place - first;
    const next = find(key, <u32>hash);
    if (next == 0) {
      enter(<u32>hash, place);
      continue;
    }
    const other = next - 1;
    const otherSeq = load<f64>(addressOf(other), SEQ_AT);
    if (pageOf(other) == page || otherSeq == rowSeq) return place - first;
    if (otherSeq > rowSeq) {
      dropLoaded(place, otherSeq);
    } else {
      leave(<u32>hash, other);
      enter(<u32>hash, place);
      dropLoaded(other, rowSeq);
    }
  }
  return -1;
}

/** Reads index entries of a block of rows, so that their latencies overlap. */
function readAhead(from: u32, to: u32): void {
  let read: u32 = 0;
  for (let place = from; place < to; place++) {
    read ^= load<u32>(entryOf(<u32>fmix64(load<u64>(addressOf(place)))));
  }
  sink = read;
}

/** The place's row was removed and made again elsewhere, after its page was stored: the page needs to be stored again. */
function dropLoaded(place: u32, newerSeq: f64): void {
  freeRow(place);
  markPage(place, newerSeq);
}

export function pageSeq(page: u32): f64 {
  return load<f64>(PAGE_SEQS + (page << 3));
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
    for (const extent = extentOf(scanPage); at < extent; at++) {
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

/**
 * Writes the keys of at most `wanted` rows with seq `upTo` or below, from this page and row on, to the scratch area's
 * keys, looking at no more than `seenMax` places; the rest as `scan`.
 */
export function scanStale(page: u32, row: u32, upTo: f64, wanted: u32, seenMax: u32): u32 {
  let count: u32 = 0;
  let at = row;
  scanSeen = 0;
  for (scanPage = page; scanPage < pageCount(); scanPage++) {
    if (scanPage != page) at = 0;
    const first = addressOf(firstPlaceOf(scanPage));
    for (const extent = extentOf(scanPage); at < extent; at++) {
      if (count == wanted || scanSeen == seenMax) {
        scanRow = at;
        return count;
      }
      scanSeen++;
      const address = first + at * rowBytes;
      const seq = load<f64>(address, SEQ_AT);
      if (seq != 0 && seq <= upTo) store<u64>(keys + (count++ << 3), load<u64>(address));
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

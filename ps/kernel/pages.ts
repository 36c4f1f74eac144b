// Pages as the host sees them: taken over at load, found by their dirty marks, scanned for changed rows.
import { fmix64, stripeOf } from './hash';
import { enter, find } from './index';
import { PAGE_ROWS, PAGE_SEQS } from './memory';
import { places } from './scratch';
import { addressOf, adoptRows, firstPlaceOf, pageCount, rowBytes, SEQ_AT } from './slab';

/** Where `scan` stopped, and how many rows it looked at. */
let scanPage: u32 = 0;
let scanRow: u32 = 0;
let scanSeen: u32 = 0;

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

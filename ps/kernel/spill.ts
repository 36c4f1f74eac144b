// Rows that leave memory and come back: which have not been used for long, and rows as they are, by key. The host
// copies their words; it does so before it calls anything else.
import { fmix64 } from './hash';
import { enter, find, leave } from './index';
import { found, keys, places } from './scratch';
import {
  addressOf,
  addRow,
  freeRow,
  isTaken,
  markPage,
  placeCount,
  SEQ_AT,
  unmarkUsed,
} from './slab';

/** Whether pulls and pushes mark the rows that they use. */
export let tracksUse: bool = false;
/** The hand of the clock: the next place to look at. */
let hand: u32 = 0;

export function trackUse(tracked: bool): void {
  tracksUse = tracked;
}

/**
 * Moves the hand on: rows that were used since it passed lose their mark, the keys of the others go to the scratch
 * area's keys. At most `wanted` of those, and `seenMax` places. Returns how many; `handPlace` is 0 after the last place.
 */
export function sweep(wanted: u32, seenMax: u32): u32 {
  let count: u32 = 0;
  const end = placeCount();
  for (let seen: u32 = 0; hand < end && count < wanted && seen < seenMax; seen++) {
    if (isTaken(hand) && !unmarkUsed(hand)) {
      store<u64>(keys + (count++ << 3), load<u64>(addressOf(hand)));
    }
    hand++;
  }
  if (hand >= end) hand = 0;
  return count;
}

export function handPlace(): u32 {
  return hand;
}

/** Writes where the rows of the keys in the scratch area stand to its words; 0: no such row. */
export function locateRows(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(keys + (i << 3));
    const next = find(key, <u32>fmix64(key));
    store<u32>(places + (i << 2), next == 0 ? 0 : addressOf(next - 1));
  }
}

/** Makes rows of those keys in the scratch area that have none, and writes to its words where; 0: it has one. */
export function insertKeys(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(keys + (i << 3));
    const hash = <u32>fmix64(key);
    let address: u32 = 0;
    if (find(key, hash) == 0) {
      const place = addRow(key);
      enter(hash, place);
      address = addressOf(place);
      store<u32>(found + (i << 2), place);
    }
    store<u32>(places + (i << 2), address);
  }
}

/** After `insertKeys`, when the rows' words stand there. */
export function markInserted(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const address = load<u32>(places + (i << 2));
    if (address != 0) markPage(load<u32>(found + (i << 2)), load<f64>(address, SEQ_AT));
  }
}

/** Frees the rows of the keys in the scratch area, without a trace; each has one. */
export function freeKeys(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(keys + (i << 3));
    const hash = <u32>fmix64(key);
    const place = find(key, hash) - 1;
    leave(hash, place);
    freeRow(place);
  }
}

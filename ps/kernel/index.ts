// From key to place: extendible hashing (Fagin et al. 1979). Segments of 1,024 entries with linear probing, and a
// directory by further bits of the hash. A full segment is divided alone, in microseconds, so that growing never
// stops a push for long.
//
// An entry is two words: the low word of the key's fmix64, so that probing and dividing leave the slab alone, and
// place + 1, or 0 where empty. Two keys may share the word: whoever needs to be sure compares the row's key.
import { allocate, SEGMENT_COPY } from './memory';
import { addressOf, rows } from './slab';

const SEGMENT_BITS: u32 = 10;
const ENTRIES: u32 = 1 << SEGMENT_BITS;
const MASK: u32 = ENTRIES - 1;
/** A segment is divided when 3/4 full. */
const FILL_MAX: u32 = 768;
/** So full are segments on average when the first ones are divided. */
const FILL_EXPECTED: u32 = 700;
/** Of a segment: bits of the directory that tell it from others; entries used; the next one, if it could not be divided. */
const DEPTH_AT: u32 = 0;
const USED_AT: u32 = 4;
const NEXT_AT: u32 = 8;
const ENTRIES_AT: u32 = 64;
const SEGMENT_BYTES: u32 = ENTRIES_AT + 8 * ENTRIES;
const DIRECTORY_BITS_MAX: u32 = 32 - SEGMENT_BITS;
/**
 * The directory doubles only while segments are well filled: keys whose hashes agree in many bits, which chance
 * does not make but an enemy could, fill a chain of segments instead of memory.
 */
const ROWS_PER_SEGMENT_MIN: u32 = 256;

let depth: u32 = 0;
let directory: u32 = 0;
let segments: u32 = 0;

export function openIndex(): void {
  directory = allocate(4);
  store<u32>(directory, newSegment(0));
}

/** Makes an index without entries as large as so many will need: growing to it would enter each of them twice. */
export function expectEntries(entries: u32): void {
  while (depth < DIRECTORY_BITS_MAX && entries >> depth > FILL_EXPECTED) depth++;
  if (depth == 0) return;
  directory = allocate(4 << depth);
  for (let i: u32 = 0; i < 1 << depth; i++) store<u32>(directory + (i << 2), newSegment(depth));
}

export function indexBytes(): u64 {
  return <u64>segments * SEGMENT_BYTES + (4 << depth);
}

/** Most bytes that so many new entries may take, unless an enemy chose the keys. */
export function indexBytesFor(entries: u32): u64 {
  return <u64>(entries / 128 + 32) * SEGMENT_BYTES + ((<u64>16) << depth);
}

/** Address of the first entry to look at; read it early to have it in the cache. */
export function entryOf(hash: u32): u32 {
  return segmentOf(hash) + ENTRIES_AT + ((hash & MASK) << 3);
}

/** place + 1 of the first entry with this hash; 0: there is none. */
export function probe(hash: u32): u32 {
  let segment = segmentOf(hash);
  do {
    const entries = segment + ENTRIES_AT;
    for (let entry = hash & MASK; ; entry = (entry + 1) & MASK) {
      const at = entries + (entry << 3);
      const next = load<u32>(at, 4);
      if (next == 0) break;
      if (load<u32>(at) == hash) return next;
    }
    segment = load<u32>(segment, NEXT_AT);
  } while (segment != 0);
  return 0;
}

/** place + 1 of the key; 0: it is absent. */
export function find(key: u64, hash: u32): u32 {
  let segment = segmentOf(hash);
  do {
    const entries = segment + ENTRIES_AT;
    for (let entry = hash & MASK; ; entry = (entry + 1) & MASK) {
      const at = entries + (entry << 3);
      const next = load<u32>(at, 4);
      if (next == 0) break;
      if (load<u32>(at) == hash && load<u64>(addressOf(next - 1)) == key) return next;
    }
    segment = load<u32>(segment, NEXT_AT);
  } while (segment != 0);
  return 0;
}

/** Enters a key that is absent. */
export function enter(hash: u32, place: u32): void {
  let segment = segmentOf(hash);
  while (load<u32>(segment, USED_AT) >= FILL_MAX && divide(segment, hash)) segment = segmentOf(hash);
  while (load<u32>(segment, USED_AT) >= FILL_MAX) {
    const next = load<u32>(segment, NEXT_AT);
    if (next == 0) store<u32>(segment, newSegment(load<u32>(segment, DEPTH_AT)), NEXT_AT);
    segment = load<u32>(segment, NEXT_AT);
  }
  insert(segment, hash, place + 1);
}

/**
 * Takes an entry out. What stands behind it moves forward if it may (Knuth's algorithm R, TAOCP 3, 6.4), so that
 * removing leaves nothing behind that look-ups would have to pass.
 */
export function leave(hash: u32, place: u32): void {
  let segment = segmentOf(hash);
  for (; segment != 0; segment = load<u32>(segment, NEXT_AT)) {
    const entries = segment + ENTRIES_AT;
    for (let entry = hash & MASK; ; entry = (entry + 1) & MASK) {
      const next = load<u32>(entries + (entry << 3), 4);
      if (next == 0) break;
      if (next != place + 1) continue;
      close(entries, entry);
      store<u32>(segment, load<u32>(segment, USED_AT) - 1, USED_AT);
      return;
    }
  }
  unreachable();
}

/** Fills the gap at `gap` from what follows, up to the next empty entry. */
function close(entries: u32, gap: u32): void {
  let hole = gap;
  for (let entry = (hole + 1) & MASK; ; entry = (entry + 1) & MASK) {
    const at = entries + (entry << 3);
    if (load<u32>(at, 4) == 0) break;
    // An entry may move to the hole unless its look-up begins behind the hole.
    const home = load<u32>(at) & MASK;
    if (((entry - home) & MASK) < ((entry - hole) & MASK)) continue;
    store<u64>(entries + (hole << 3), load<u64>(at));
    hole = entry;
  }
  store<u64>(entries + (hole << 3), 0);
}

function segmentOf(hash: u32): u32 {
  return load<u32>(directory + (((hash >> SEGMENT_BITS) & ((1 << depth) - 1)) << 2));
}

function newSegment(segmentDepth: u32): u32 {
  const segment = allocate(SEGMENT_BYTES);
  store<u32>(segment, segmentDepth, DEPTH_AT);
  segments++;
  return segment;
}

function insert(segment: u32, hash: u32, next: u32): void {
  const entries = segment + ENTRIES_AT;
  let entry = hash & MASK;
  while (load<u32>(entries + (entry << 3), 4) != 0) entry = (entry + 1) & MASK;
  store<u32>(entries + (entry << 3), hash);
  store<u32>(entries + (entry << 3), next, 4);
  store<u32>(segment, load<u32>(segment, USED_AT) + 1, USED_AT);
}

/** Divides a full segment of the directory by one more bit of the hash; false where that must not be. */
function divide(segment: u32, hash: u32): bool {
  const segmentDepth = load<u32>(segment, DEPTH_AT);
  if (load<u32>(segment, NEXT_AT) != 0) return false;
  if (segmentDepth == depth && !doubleDirectory()) return false;
  const other = newSegment(segmentDepth + 1);
  store<u32>(segment, segmentDepth + 1, DEPTH_AT);
  const shared = (hash >> SEGMENT_BITS) & ((1 << segmentDepth) - 1);
  for (let i = shared | (1 << segmentDepth); i < 1 << depth; i += 2 << segmentDepth) {
    store<u32>(directory + (i << 2), other);
  }
  memory.copy(SEGMENT_COPY, segment + ENTRIES_AT, 8 * ENTRIES);
  memory.fill(segment + ENTRIES_AT, 0, 8 * ENTRIES);
  store<u32>(segment, 0, USED_AT);
  const bit: u32 = 1 << (SEGMENT_BITS + segmentDepth);
  for (let at = SEGMENT_COPY; at < SEGMENT_COPY + 8 * ENTRIES; at += 8) {
    const next = load<u32>(at, 4);
    if (next == 0) continue;
    const entryHash = load<u32>(at);
    insert((entryHash & bit) != 0 ? other : segment, entryHash, next);
  }
  return true;
}

function doubleDirectory(): bool {
  if (depth == DIRECTORY_BITS_MAX || rows >> depth < ROWS_PER_SEGMENT_MIN) return false;
  const bytes: u32 = 4 << depth;
  const doubled = allocate(2 * bytes);
  memory.copy(doubled, directory, bytes);
  memory.copy(doubled + bytes, directory, bytes);
  directory = doubled;
  depth++;
  return true;
}

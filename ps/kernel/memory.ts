// An instance's memory: places of fixed arrays, and everything else given out from the bottom up and never taken
// back. Memory that nobody has written to costs no real memory, so fixed arrays and growth may be generous.
//
// What always holds: given out memory is zero and never moves.

/** A row's weights before its update, for the cap of the update's norm; at most 4,096 floats. */
export const ROW_COPY: u32 = 1024;
/** Entries of one index segment while it is divided. */
export const SEGMENT_COPY: u32 = ROW_COPY + 4 * 4096;
/** Address of each chunk of the slab. A chunk has 512 KiB or more, so 4 GiB hold fewer than 8,192. */
export const CHUNKS: u32 = SEGMENT_COPY + 8 * 1024;
/** Highest seq of each page, f64: the dirty mark. A page has 32 KiB or more, so 4 GiB hold fewer than 131,072. */
export const PAGE_SEQS: u32 = CHUNKS + 4 * 8192;
/** Rows of each page, u32. */
export const PAGE_ROWS: u32 = PAGE_SEQS + 8 * 131_072;
const FIRST: u32 = PAGE_ROWS + 4 * 131_072;
/** What new rows must leave to everything else, so that a full stripe can still be loaded, pulled and pushed to. */
const HEADROOM_MAX: u64 = 64 << 20;
/** Memory is given out in whole cache lines. */
export const LINE: u32 = 64;

let top: u32 = FIRST;
/** End of memory, and the end of what new rows may take. */
let bytesMax: u64 = 0;
let rowBytesMax: u64 = 0;

/** @param pages of 64 KiB; the last is left alone, so that the end of memory is an address too. */
export function limitMemory(pages: u32): void {
  bytesMax = <u64>(pages - 1) << 16;
  rowBytesMax = bytesMax - min(HEADROOM_MAX, bytesMax >> 3);
}

/** Zeroed memory. What it takes must have been there since `reserve`. */
export function allocate(bytes: u32): u32 {
  if (!reserve(bytes)) unreachable();
  const at = top;
  top += (bytes + LINE - 1) & ~(LINE - 1);
  return at;
}

/** Whether so many more bytes can be given out; makes it so if it can. Memory doubles; growing moves nothing. */
export function reserve(bytes: u64): bool {
  const end = <u64>top + bytes + LINE;
  const size = (<u64>(<u32>memory.size())) << 16;
  if (end <= size) return true;
  if (end > bytesMax) return false;
  const wanted = min(max(end, 2 * size), bytesMax);
  return memory.grow(<i32>pagesOf(wanted - size)) >= 0 || memory.grow(<i32>pagesOf(end - size)) >= 0;
}

/** The same for new rows. Those that reuse places may enlarge the index into what is left to everything else. */
export function reserveForRows(slabBytes: u64, indexBytes: u64): bool {
  const bytes = slabBytes + indexBytes;
  return (slabBytes == 0 || <u64>top + bytes <= rowBytesMax) && reserve(bytes);
}

/** Share of what new rows may take that is in use; `freeBytes` of what was given out are not. */
export function usedShare(freeBytes: u64): f64 {
  return <f64>(<u64>top - freeBytes) / <f64>rowBytesMax;
}

function pagesOf(bytes: u64): u32 {
  return <u32>((bytes + 0xffff) >> 16);
}

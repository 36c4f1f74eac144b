// Takes a write that failed out of the log, where it is the last one and may stand whole or in part. For a database that is closed.
// The format stands in wal-check.ts; a write begins with the number of its first change (u64), and its changes are numbered on.
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_BYTES, FIRST_PART, HEADER_BYTES, WHOLE_RECORD } from './wal-check.ts';

const NUMBER_BYTES = 8;

/** Cuts the newest log file where the first write behind this change begins, if there is one; then it is on the disk. */
export async function cutLogBehind(folder: string, change: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^\d+\.log$/.test(name)).sort();
  const last = names.at(-1);
  if (last === undefined) return;
  const file = await open(join(folder, last), 'r+');
  try {
    const at = await firstBehind(file, change);
    if (at === undefined) return;
    await file.truncate(at);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Where the first write behind the change begins. */
async function firstBehind(file: FileHandle, change: number): Promise<number | undefined> {
  const block = new Uint8Array(BLOCK_BYTES);
  /** The write whose number is not whole yet: a block may end in the middle of it. */
  let begun: { readonly at: number; readonly number: number[] } | undefined;
  for (let from = 0; ; from += BLOCK_BYTES) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, from);
    for (let at = 0; at + HEADER_BYTES <= bytesRead; ) {
      const type = block[at + 6]!;
      const payload = at + HEADER_BYTES;
      const end = payload + (block[at + 4]! | (block[at + 5]! << 8));
      if (type === WHOLE_RECORD || type === FIRST_PART) begun = { at: from + at, number: [] };
      if (begun !== undefined) {
        const missing = NUMBER_BYTES - begun.number.length;
        begun.number.push(...block.subarray(payload, Math.min(end, bytesRead, payload + missing)));
        if (begun.number.length === NUMBER_BYTES) {
          if (numberOf(begun.number) > change) return begun.at;
          begun = undefined;
        }
      }
      at = end;
    }
    if (bytesRead < BLOCK_BYTES) return undefined;
  }
}

function numberOf(bytes: readonly number[]): number {
  return Number(new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0, true));
}

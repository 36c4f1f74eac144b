// Damage in write-ahead logs and manifests that the engine does not see, or does not name. The engine takes a record
// that reaches beyond the end of its file for a write that was cut off, and drops it with all that follows: right when
// the process died in that write, but one flipped bit in a length looks the same. Nothing follows a write that was cut
// off, and no shorter length makes its checksum right; so the two can be told apart.
//
// The format: blocks of 32 KiB; a record is u32 checksum (CRC-32C of type and payload, rotated and offset), u16
// payload length, u8 type, payload (https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format).
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.ts';

export interface WalDamage {
  readonly file: string;
  /** Byte at which the damaged record begins; what stands before it is intact. */
  readonly at: number;
  readonly bytes: number;
  /** Whether the file has nothing but zeros from somewhere in this record on. */
  readonly endsInZeros: boolean;
}

export const BLOCK_BYTES = 32 * 1024;
export const HEADER_BYTES = 7;
/** Types 1 to 4: a whole record, its first part, a middle one, its last. */
export const WHOLE_RECORD = 1;
export const FIRST_PART = 2;
const PLAIN_TYPES = 4;
/** Types of files that are written over; the engine is not told to do that, so only damage makes them. */
const RECYCLED_TYPES = [5, 6, 7, 8, 11];

/** What the engine would drop in silence: looks at the last block of every file. */
export async function damagedTail(folder: string): Promise<WalDamage | undefined> {
  for (const name of await filesOf(folder)) {
    const handle = await open(join(folder, name), 'r');
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, Math.ceil(size / BLOCK_BYTES) - 1) * BLOCK_BYTES;
      const block = new Uint8Array(size - from);
      await handle.read(block, 0, block.length, from);
      const at = damageIn(block);
      if (at !== undefined) return damage(folder, name, block, at, from);
    } finally {
      await handle.close();
    }
  }
  return undefined;
}

/** The first damaged record, when the engine has refused to open; reads everything. */
export async function damagedRecord(folder: string): Promise<WalDamage | undefined> {
  for (const name of await filesOf(folder)) {
    const bytes = await readFile(join(folder, name));
    for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
      const at = damageIn(bytes.subarray(from, from + BLOCK_BYTES));
      if (at !== undefined) return damage(folder, name, bytes, from + at, 0);
    }
  }
  return undefined;
}

/** Where the first damaged record of a block begins; a record that was cut off at the end of a file is none. */
export function damageIn(block: Uint8Array): number | undefined {
  let at = 0;
  while (at + HEADER_BYTES <= block.length) {
    const end = endOf(block, at);
    if (RECYCLED_TYPES.includes(block[at + 6]!)) return at;
    if (end > block.length) return wasCutOff(block, at) ? undefined : at;
    if (!isEmpty(block, at) && !isIntact(block, at, end)) return at;
    at = end;
  }
  return undefined;
}

function wasCutOff(block: Uint8Array, at: number): boolean {
  if (isIntact(block, at, block.length)) return false;
  for (let later = at + 1; later + HEADER_BYTES <= block.length; later++) {
    const type = block[later + 6]!;
    if (type < 1 || type > PLAIN_TYPES) continue;
    const end = endOf(block, later);
    if (end <= block.length && isIntact(block, later, end)) return false;
  }
  return true;
}

function endOf(block: Uint8Array, at: number): number {
  return at + HEADER_BYTES + (block[at + 4]! | (block[at + 5]! << 8));
}

/** Room that was never written: the engine passes over it. */
function isEmpty(block: Uint8Array, at: number): boolean {
  return block[at + 4] === 0 && block[at + 5] === 0 && block[at + 6] === 0;
}

function isIntact(block: Uint8Array, at: number, end: number): boolean {
  const stored = new DataView(block.buffer, block.byteOffset).getUint32(at, true);
  const crc = crc32c(block.subarray(at + 6, end));
  return stored === (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function damage(folder: string, name: string, bytes: Uint8Array, at: number, offset: number): WalDamage {
  const lastWritten = bytes.findLastIndex((byte) => byte !== 0);
  const endsInZeros = lastWritten + 1 < Math.min(bytes.length, endOf(bytes, at));
  return { file: join(folder, name), at: offset + at, bytes: offset + bytes.length, endsInZeros };
}

/** For people. */
export function damageText({ file, at, bytes, endsInZeros }: WalDamage): string {
  const where = `${file} is damaged at byte ${at} of ${bytes}, and intact up to there`;
  if (!endsInZeros) return `${where}; restore the folder from a copy`;
  return (
    `${where}; it ends in zeros, as after a loss of power in a write that was not synced yet: if that is what ` +
    `happened, 'truncate -s ${at} ${file}' takes that write away; else restore the folder from a copy`
  );
}

async function filesOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^(\d+\.log|MANIFEST-\d+)$/.test(name)).sort();
}

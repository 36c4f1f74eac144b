// What the shard stores about groups: in a store of its own, so that waiting for the disk at a barrier never waits for the
// push log's bytes, and at every durability, because a generation that was forgotten could not fence anybody.
//   groups   name -> state
//   heads    name, step -> head of a result, with a checksum of each piece
//   results  name, step, piece -> bytes
// Holds: a write is on the disk when it resolves. A result's pieces are there before its head, and its head comes with the
// state in which its step is the last one.
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { GROUP_FRAME_BYTES, WeirError } from '@weir/proto';
import { openRocksStore, type Store, type StoreReader } from '@weir/store';
import type { PersistEffect } from '../../core/group-events.ts';
import {
  decodeGroupState,
  decodeResultHead,
  encodeGroupState,
  encodeResultHead,
  type GroupState,
  type ResultHead,
  type StoredHead,
} from '../../core/group-state.ts';
import { GROUP_WRITE_BYTES } from '../../limits.ts';
import { folderError } from '../folder/open-folder.ts';
import { Slice } from '../slices.ts';

const GROUPS = 'groups';
const HEADS = 'heads';
const RESULTS = 'results';
/** Within the shard's. */
export const GROUPS_FOLDER = 'groups';
export const GROUP_FAMILIES = [GROUPS, HEADS, RESULTS] as const;

/** @param folder the shard's. @throws WeirError CONFIGURATION, CORRUPT, STORAGE_FAILED. */
export async function openGroupFolder(folder: string): Promise<Store> {
  const own = join(folder, GROUPS_FOLDER);
  try {
    return await openRocksStore(own, { families: GROUP_FAMILIES });
  } catch (error) {
    throw folderError(own, error);
  }
}

export async function holdsGroups(store: Store): Promise<boolean> {
  for await (const _ of store.range(GROUPS, { limit: 1 })) return true;
  return false;
}

export interface StoredGroup {
  readonly name: string;
  readonly state: GroupState;
  /** Oldest first. */
  readonly results: readonly ResultHead[];
}

export class GroupStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.#store.range(GROUPS)) names.push(Buffer.from(key).toString());
    return names;
  }

  /** One that `names` has. @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
  async group(name: string): Promise<StoredGroup> {
    const state = decodeGroupState((await this.#store.get(GROUPS, Buffer.from(name)))!, name);
    const results = await headsOf(this.#store, name);
    if ((results.at(-1)?.step ?? 0) !== state.lastStep) {
      throw new WeirError('CORRUPT', `group ${name}: the result of step ${state.lastStep} is missing`);
    }
    return { name, state, results };
  }

  /** Several versions at once, in their order. They may come again after an error. */
  async write(name: string, versions: readonly PersistEffect[]): Promise<void> {
    let slice = new Slice('barrier');
    let batch = this.#store.batch();
    const heads: StoredHead[] = [];
    for (const { result } of versions) {
      if (result === undefined) continue;
      const checksums: number[] = [];
      for (const [i, piece] of piecesOf(result.parts.map(({ value }) => value)).entries()) {
        batch.put(RESULTS, pieceKey(name, result.head.step, i), piece);
        checksums.push(crc32(piece));
        if (batch.bytes >= GROUP_WRITE_BYTES) {
          slice.end();
          await this.#store.write(batch);
          slice = new Slice('barrier');
          batch = this.#store.batch();
        }
        if (slice.over) await slice.next();
      }
      heads.push({ ...result.head, checksums });
    }
    for (const head of heads) batch.put(HEADS, stepKey(name, head.step), encodeResultHead(head));
    for (const { step, parts } of versions.flatMap(({ dropped }) => dropped)) {
      batch.delete(HEADS, stepKey(name, step));
      const pieces = pieceCount(parts.map(({ bytes }) => bytes));
      for (let i = 0; i < pieces; i++) batch.delete(RESULTS, pieceKey(name, step, i));
    }
    slice.end();
    batch.put(GROUPS, Buffer.from(name), encodeGroupState(versions.at(-1)!.state));
    await this.#store.write(batch);
    await this.#store.sync();
  }

  /** The pieces of a result, as of now. @throws WeirError STEP_EXPIRED when it is not kept any more, CORRUPT. */
  async *read(name: string, step: number): AsyncGenerator<Uint8Array> {
    const snapshot = this.#store.snapshot();
    try {
      const bytes = await snapshot.get(HEADS, stepKey(name, step));
      if (bytes === undefined) {
        throw new WeirError('STEP_EXPIRED', `group ${name}: the result of step ${step} is not kept any more`);
      }
      for (const [i, checksum] of decodeResultHead(bytes, name).checksums.entries()) {
        const piece = await snapshot.get(RESULTS, pieceKey(name, step, i));
        if (piece === undefined || crc32(piece) !== checksum) {
          const what = piece === undefined ? 'is missing' : 'does not match its checksum';
          throw new WeirError('CORRUPT', `group ${name}: piece ${i} of the result of step ${step} ${what}`);
        }
        yield piece;
      }
    } finally {
      await snapshot.close();
    }
  }
}

/** Values one after the other, cut so that each piece fits a frame; without a copy where they are large. */
export function piecesOf(values: readonly Uint8Array[]): Uint8Array[] {
  const total = values.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) return [];
  if (total <= GROUP_FRAME_BYTES) return [values.length === 1 ? values[0]! : Buffer.concat(values)];
  return values.flatMap((value) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < value.length; at += GROUP_FRAME_BYTES)
      pieces.push(value.subarray(at, at + GROUP_FRAME_BYTES));
    return pieces;
  });
}

/** How many `piecesOf` makes of values of these sizes. */
function pieceCount(sizes: readonly number[]): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= GROUP_FRAME_BYTES) return Math.min(1, total);
  return sizes.reduce((sum, size) => sum + Math.ceil(size / GROUP_FRAME_BYTES), 0);
}

async function headsOf(reader: StoreReader, name: string): Promise<ResultHead[]> {
  const heads: ResultHead[] = [];
  const range = { gte: stepKey(name, 0), lte: stepKey(name, Number.MAX_SAFE_INTEGER) };
  for await (const { value } of reader.range(HEADS, range)) {
    const { checksums: _, ...head } = decodeResultHead(value, name);
    heads.push(head);
  }
  return heads;
}

/** Length first, so that no name's keys begin with another's. */
function stepKey(name: string, step: number): Uint8Array {
  const text = Buffer.from(name);
  const key = Buffer.alloc(2 + text.length + 8);
  key.writeUInt16BE(text.length, 0);
  text.copy(key, 2);
  key.writeBigUInt64BE(BigInt(step), 2 + text.length);
  return key;
}

function pieceKey(name: string, step: number, piece: number): Uint8Array {
  const end = Buffer.alloc(4);
  end.writeUInt32BE(piece);
  return Buffer.concat([stepKey(name, step), end]);
}

// What a round saves beside pages, all as of one position, the low mark: clients' numbers, source offsets, changed
// definitions, when positions were, sketches, tombstones. Recovery starts from it, and the log tells the rest.
//
// What is large is written ahead, in batches, under keys that a reader of an earlier low mark passes over; the last write
// of the round, which moves the mark, takes the rest and removes what is older.
import { bytesOf, copied, keysFromBytes, WeirError } from '@weir/proto';
import { TableSpec } from '@weir/proto/v1/tables';
import type { Store, WriteBatch } from '@weir/store';
import { z } from 'zod';
import { ClientNumbers } from '../../core/client-numbers.ts';
import { SKETCH_CHUNK_BYTES, SKETCH_CHUNKS, type SketchAge } from '../../core/count-sketch.ts';
import { ENVELOPE_BYTES, seal, unseal } from '../../core/sealed.ts';
import { SeqClock } from '../../core/seq-clock.ts';
import { SourceOffsets } from '../../core/source-offsets.ts';
import { type TombstoneBatch, Tombstones } from '../../core/tombstones.ts';
import { ROUND_WRITE_BYTES, TOMBSTONE_BYTES_MAX } from '../../limits.ts';
import { Slice } from '../slices.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import {
  CLIENTS_KEY,
  fromJson,
  META,
  SEQ_CLOCK_KEY,
  SKETCHES,
  SOURCES_KEY,
  seqKey,
  seqOfTombstoneKey,
  sketchKey,
  TOMBSTONE_FLOORS_KEY,
  TOMBSTONES,
  tableKey,
  toJson,
  tombstoneKey,
  tombstoneRange,
} from './families.ts';

const FORMAT_VERSION = 1;
const KIND = { sketch: 1, tombstones: 2 } as const;
/** Of a stored chunk: envelope, age as two u32, cells. */
const CHUNK_HEADER_BYTES = ENVELOPE_BYTES + 8;

/** What is saved as a whole. */
export interface MarkedParts {
  readonly numbers: ClientNumbers;
  readonly sources: SourceOffsets;
  readonly seqClock: SeqClock;
}

interface MarkedTable {
  readonly uid: string;
  /** Undefined when the folder has it already. */
  readonly definition: TableSpec | undefined;
  readonly sketch:
    | { readonly age: SketchAge; readonly chunks: readonly (Uint8Array | undefined)[] }
    | undefined;
  readonly tombstones: readonly TombstoneBatch[];
  readonly floor: number;
}

export class MarkedState {
  readonly #upTo: number;
  readonly #whole: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  readonly #tables: readonly MarkedTable[];

  /** As things are now. @param upTo every record up to here is applied, none behind. @param lowMark the mark that is. */
  constructor(tables: Tables, { numbers, sources, seqClock }: MarkedParts, lowMark: number, upTo: number) {
    this.#upTo = upTo;
    this.#whole = [
      [CLIENTS_KEY, numbers.snapshot()],
      [SOURCES_KEY, sources.snapshot()],
      [SEQ_CLOCK_KEY, seqClock.encode()],
    ];
    this.#tables = tables.list().map(({ spec, alteredSeq, sketch, tombstones }) => ({
      uid: spec.uid,
      definition: alteredSeq >= lowMark ? spec : undefined,
      sketch: sketch && { age: sketch.age, chunks: sketch.snapshot() },
      tombstones: tombstones.between(Math.max(lowMark - 1, tombstones.floor), upTo),
      floor: tombstones.floor,
    }));
  }

  /** What is large. */
  async writeAhead(store: Store): Promise<void> {
    const slice = await Slice.begin('round');
    let batch = store.batch();
    for (const [family, key, value] of this.#large()) {
      batch.put(family, key, value);
      if (batch.bytes >= ROUND_WRITE_BYTES) {
        slice.end();
        await store.write(batch);
        batch = store.batch();
        await slice.next();
      } else if (slice.over) await slice.next();
    }
    slice.end();
    if (batch.size > 0) await store.write(batch);
  }

  /** The rest, together with the new low mark. */
  finish(last: WriteBatch): void {
    const floors: Record<string, number> = {};
    for (const { uid, definition, floor } of this.#tables) {
      if (definition !== undefined) last.put(META, tableKey(uid), TableSpec.encode(definition).finish());
      if (floor === 0) continue;
      floors[uid] = floor;
      last.deleteRange(TOMBSTONES, tombstoneRange(uid).gte, tombstoneKey(uid, floor + 1));
    }
    for (const [key, value] of this.#whole) last.put(META, key, value);
    last.put(META, TOMBSTONE_FLOORS_KEY, toJson(floors));
    last.deleteRange(SKETCHES, seqKey(0), seqKey(this.#upTo));
  }

  *#large(): Iterable<[family: string, key: Uint8Array, value: Uint8Array]> {
    for (const { uid, sketch, tombstones } of this.#tables) {
      for (const { seq, keys } of tombstones) {
        yield [TOMBSTONES, tombstoneKey(uid, seq), sealed(KIND.tombstones, bytesOf(keys))];
      }
      if (sketch === undefined) continue;
      for (const [chunk, cells] of sketch.chunks.entries()) {
        if (cells === undefined) continue;
        const age = bytesOf(Uint32Array.of(sketch.age.counted, sketch.age.block));
        yield [SKETCHES, sketchKey(this.#upTo, uid, chunk), sealed(KIND.sketch, age, cells)];
      }
    }
  }
}

/**
 * Puts what was saved with this low mark into tables that have their definitions as of it.
 * @throws WeirError CORRUPT; CONFIGURATION for a newer format.
 */
export async function loadMarkedState(store: Store, lowMark: number, tables: Tables): Promise<MarkedParts> {
  const floors = decodeFloors(await store.get(META, TOMBSTONE_FLOORS_KEY));
  for (const table of tables.list()) {
    await loadTombstones(store, table, floors[table.spec.uid] ?? 0, lowMark);
    if (table.sketch !== undefined) await loadSketch(store, table, lowMark - 1);
  }
  const [clients, sources, seqClock] = await store.getMany(META, [CLIENTS_KEY, SOURCES_KEY, SEQ_CLOCK_KEY]);
  return {
    numbers: clients === undefined ? new ClientNumbers() : ClientNumbers.restore(clients),
    sources: sources === undefined ? new SourceOffsets() : SourceOffsets.restore(sources),
    seqClock: seqClock === undefined ? new SeqClock() : SeqClock.decode(seqClock),
  };
}

async function loadTombstones(store: Store, table: LiveTable, floor: number, lowMark: number): Promise<void> {
  const { uid, name } = table.spec;
  const tombstones = new Tombstones(TOMBSTONE_BYTES_MAX, floor);
  const range = { gt: tombstoneKey(uid, floor), lt: tombstoneKey(uid, lowMark) };
  for await (const { key, value } of store.range(TOMBSTONES, range)) {
    unseal(value, FORMAT_VERSION, `tombstones of table ${name}`);
    tombstones.add(seqOfTombstoneKey(key), keysFromBytes(value.subarray(ENVELOPE_BYTES)));
  }
  table.restoreTombstones(tombstones);
}

async function loadSketch(store: Store, { spec, sketch }: LiveTable, upTo: number): Promise<void> {
  const what = `the counts of table ${spec.name}`;
  for (let chunk = 0; chunk < SKETCH_CHUNKS; chunk++) {
    const value = await store.get(SKETCHES, sketchKey(upTo, spec.uid, chunk));
    if (value === undefined) continue;
    unseal(value, FORMAT_VERSION, what);
    if (value.length !== CHUNK_HEADER_BYTES + SKETCH_CHUNK_BYTES) {
      throw new WeirError('CORRUPT', `${what}: ${value.length} bytes are not those of a chunk`);
    }
    const view = new DataView(value.buffer, value.byteOffset + ENVELOPE_BYTES);
    sketch!.restoreAge({ counted: view.getUint32(0, true), block: view.getUint32(4, true) });
    sketch!.restoreChunk(chunk, copied(value.subarray(CHUNK_HEADER_BYTES)));
  }
}

function decodeFloors(bytes: Uint8Array | undefined): Readonly<Record<string, number>> {
  if (bytes === undefined) return {};
  try {
    return z.record(z.string(), z.int().positive()).parse(fromJson(bytes));
  } catch (cause) {
    throw new WeirError(
      'CORRUPT',
      'the floors of tombstones cannot be read; restore the folder from a copy',
      {
        cause,
      },
    );
  }
}

function sealed(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, ENVELOPE_BYTES));
  let at = ENVELOPE_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return seal(bytes, FORMAT_VERSION, kind);
}

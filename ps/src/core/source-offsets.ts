// How far each partition of a source is applied, per group of consumers. Two states of each: as of every record placed in
// the log, by which the next push is judged, and as of every record that stands in it, which is what is told and stored.
// Whatever changes them is a log record; placed and not written, its changes are withdrawn, from the newest on.
// What always holds: a partition's `applied` moves from one range's beginning to its end, under the generation stored.
import { WeirError } from '@weir/proto';
import type { SourceRange } from '@weir/proto/v1/parameter_server';
import type { SourceStart } from '@weir/proto/v1/sources';
import { SOURCE_GROUPS_MAX, SOURCE_PARTITIONS_MAX } from './limits.ts';
import type { AcquireRecord, StoredRange } from './log-record.ts';
import { acquireError, judgeRanges } from './source-ranges.ts';
import {
  decodeSourceEntries,
  encodeSourceEntries,
  type SourceEntry,
  type SourceState,
} from './source-state.ts';

export interface SourceSlot {
  readonly group: string;
  readonly partition: number;
  placed: SourceState | undefined;
  logged: SourceState | undefined;
  /** Changes placed and not settled: until then it stays. */
  pending: number;
}

export interface SourceChange {
  readonly slot: SourceSlot;
  readonly before: SourceState | undefined;
  readonly after: SourceState | undefined;
}

/** What a record does to the offsets. Place it before anything else is judged. */
export type SourceChanges = readonly SourceChange[];

export type PushVerdict =
  | { readonly kind: 'applies'; readonly changes: SourceChanges }
  /** All of it was applied before. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refused'; readonly error: WeirError };

const REPEAT: PushVerdict = { kind: 'repeat' };

export class SourceOffsets {
  readonly #groups = new Map<string, Map<number, SourceSlot>>();
  #size = 0;

  /** Partitions of all groups. */
  get size(): number {
    return this.#size;
  }

  /** Decides about a push with these well-formed ranges, of which there is at least one; see source-ranges.ts. */
  judge(ranges: readonly SourceRange[]): PushVerdict {
    const slots = ranges.map(({ group, partition }) => this.#groups.get(group)?.get(partition));
    const states = slots.map((slot) => slot?.placed);
    const verdict = judgeRanges(ranges, states);
    if (verdict instanceof WeirError) return { kind: 'refused', error: verdict };
    if (verdict === 'old') return REPEAT;
    const changes = ranges.map(({ to }, i) => advanced(slots[i]!, to));
    return { kind: 'applies', changes };
  }

  /** @throws WeirError FENCED, SOURCE_LOST, INVALID_ARGUMENT (too many); then nothing is acquired. */
  acquiring(group: string, generation: number, partitions: readonly SourceStart[]): SourceChanges {
    const known = this.#groups.get(group);
    for (const start of partitions) {
      const state = known?.get(start.partition)?.placed;
      const error = state && acquireError(group, generation, start, state);
      if (error !== undefined) throw error;
    }
    const isNew = ({ partition }: SourceStart): boolean => known?.get(partition) === undefined;
    this.#requireRoom(group, partitions.filter(isNew).length);
    return partitions.map(({ partition, incarnation, start }) => {
      const slot = this.#slotOf(group, partition);
      const before = slot.placed;
      const state = before ?? { incarnation, start, applied: start, lost: false };
      return { slot, before, after: { ...state, generation } };
    });
  }

  /** Partitions of which nothing is known are passed over. */
  resetting(group: string, partitions: readonly number[] | 'all'): SourceChanges {
    const known = this.#groups.get(group);
    if (known === undefined) return [];
    const chosen = partitions === 'all' ? [...known.keys()] : [...new Set(partitions)];
    return chosen
      .sort((a, b) => a - b)
      .map((partition) => known.get(partition))
      .filter((slot) => slot?.placed !== undefined)
      .map((slot) => ({ slot: slot!, before: slot!.placed, after: undefined }));
  }

  /** The record is on its way into the log. */
  place(changes: SourceChanges): void {
    for (const { slot, before, after } of changes) {
      if (slot.placed !== before) throw new Error(`${nameOf(slot)} has changed since it was judged`);
      slot.placed = after;
      slot.pending++;
    }
  }

  /** It was never written and never will be. */
  withdraw(changes: SourceChanges): void {
    for (const { slot, before, after } of changes) {
      if (slot.placed !== after) throw new Error(`${nameOf(slot)} was changed by a later record`);
      slot.placed = before;
      this.#settled(slot);
    }
  }

  /** It stands in the log. Called in log order. */
  logged(changes: SourceChanges): void {
    for (const { slot, after } of changes) {
      slot.logged = after;
      this.#settled(slot);
    }
  }

  /** A push's ranges in a replay. @throws RangeError when they do not follow what was applied before. */
  replayPush(ranges: readonly StoredRange[]): void {
    const changes = ranges.map(({ group, partition, generation, from, to }) => {
      const slot = this.#groups.get(group)?.get(partition);
      const state = slot?.placed;
      if (slot === undefined || state?.applied !== from || state.generation !== generation) {
        const known = state === undefined ? 'nothing' : `${state.applied} in generation ${state.generation}`;
        throw new RangeError(
          `it takes partition ${partition} of group ${group} from ${from} to ${to} in generation ${generation}, ` +
            `but ${known} is known of it`,
        );
      }
      return advanced(slot, to);
    });
    this.place(changes);
    this.logged(changes);
  }

  replayAcquire({ group, generation, partitions }: AcquireRecord): void {
    const changes = this.acquiring(group, generation, partitions);
    this.place(changes);
    this.logged(changes);
  }

  replayReset(group: string, partitions: readonly number[]): void {
    const changes = this.resetting(group, partitions);
    this.place(changes);
    this.logged(changes);
  }

  /** That a partition was known once, in rows that are gone. Before any record; nothing happens if it is known. */
  lose(entry: SourceEntry): void {
    const slot = this.#slotOf(entry.group, entry.partition);
    if (slot.placed !== undefined) return;
    const { incarnation, generation, start, applied } = entry;
    slot.placed = { incarnation, generation, start, applied, lost: true };
    slot.logged = slot.placed;
  }

  /** What stands in the log. */
  at(group: string, partition: number): SourceState | undefined {
    return this.#groups.get(group)?.get(partition)?.logged;
  }

  /** What stands in the log, by partition. */
  of(group: string): SourceEntry[] {
    return [...this.#loggedOf(group)].sort((a, b) => a.partition - b.partition);
  }

  /** What stands in the log, of all groups. */
  *list(): Iterable<SourceEntry> {
    for (const group of this.#groups.keys()) yield* this.#loggedOf(group);
  }

  /** What stands in the log, as bytes. */
  snapshot(): Uint8Array {
    return encodeSourceEntries([...this.list()].filter(({ lost }) => !lost));
  }

  /** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
  static restore(bytes: Uint8Array): SourceOffsets {
    const offsets = new SourceOffsets();
    for (const { group, partition, ...state } of decodeSourceEntries(bytes)) {
      const slot = offsets.#slotOf(group, partition);
      slot.placed = state;
      slot.logged = state;
    }
    return offsets;
  }

  *#loggedOf(group: string): Iterable<SourceEntry> {
    for (const { partition, logged } of this.#groups.get(group)?.values() ?? []) {
      if (logged !== undefined) yield { group, partition, ...logged };
    }
  }

  #requireRoom(group: string, more: number): void {
    const groups = this.#groups.size + (this.#groups.has(group) ? 0 : 1);
    if (groups <= SOURCE_GROUPS_MAX && this.#size + more <= SOURCE_PARTITIONS_MAX) return;
    throw new WeirError(
      'INVALID_ARGUMENT',
      `group ${group}: a shard knows at most ${SOURCE_GROUPS_MAX} groups with sources and ${SOURCE_PARTITIONS_MAX} ` +
        'partitions of all of them; reset those that nobody uses',
    );
  }

  #slotOf(group: string, partition: number): SourceSlot {
    let slots = this.#groups.get(group);
    if (slots === undefined) {
      slots = new Map();
      this.#groups.set(group, slots);
    }
    let slot = slots.get(partition);
    if (slot === undefined) {
      slot = { group, partition, placed: undefined, logged: undefined, pending: 0 };
      slots.set(partition, slot);
      this.#size++;
    }
    return slot;
  }

  #settled(slot: SourceSlot): void {
    slot.pending--;
    if (slot.pending > 0 || slot.logged !== undefined) return;
    const slots = this.#groups.get(slot.group)!;
    slots.delete(slot.partition);
    this.#size--;
    if (slots.size === 0) this.#groups.delete(slot.group);
  }
}

function advanced(slot: SourceSlot, to: number): SourceChange {
  const before = slot.placed!;
  const { incarnation, generation, start } = before;
  return { slot, before, after: { incarnation, generation, start, applied: to, lost: false } };
}

function nameOf({ group, partition }: SourceSlot): string {
  return `partition ${partition} of group ${group}`;
}

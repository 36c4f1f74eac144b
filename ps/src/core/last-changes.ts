// Which records of the log changed some rows last: it is shown records from the newest back, and the first push that
// it sees of a key is the key's. Pure.
import { bytesOf, KeyIndex, type PackedKeys } from '@weir/proto';
import { ChangeKind, type ChangingPush, type RowChange } from '@weir/proto/v1/parameter_server';
import type { LogRecord, PushRecord, PushRecordPart } from './log-record.ts';

interface Removal {
  readonly seq: number;
  /** What was pushed above it stayed. */
  readonly upToSeq: number;
}

export class LastChangesScan {
  readonly #tableUid: string;
  readonly #index: KeyIndex;
  /** By the key's number. */
  readonly #changes: (RowChange | undefined)[];
  readonly #removals = new Map<number, Removal[]>();
  readonly #pushes: ChangingPush[] = [];
  #open: number;
  #created = false;

  /** @param keys distinct */
  constructor(tableUid: string, keys: PackedKeys) {
    this.#tableUid = tableUid;
    this.#index = new KeyIndex(keys.length / 2);
    for (let i = 0; i < keys.length; i += 2) this.#index.insert(keys[i]!, keys[i + 1]!);
    this.#open = this.#index.size;
    this.#changes = new Array<RowChange | undefined>(this.#open).fill(undefined);
  }

  /** Whether older records can tell nothing more. */
  get done(): boolean {
    return this.#open === 0 || this.#created;
  }

  /** Each once, the newest first. */
  get pushes(): ChangingPush[] {
    return this.#pushes;
  }

  /** In the order of keys. @param fromSeq position of the oldest record shown. */
  changes(fromSeq: number): RowChange[] {
    return this.#changes.map((change, number) => {
      if (change !== undefined) return change;
      const removal = this.#removals.get(number)?.find(({ upToSeq }) => upToSeq >= fromSeq - 1);
      if (removal !== undefined) return without(ChangeKind.REMOVED, removal.seq);
      return without(this.#created ? ChangeKind.NONE : ChangeKind.OLDER);
    });
  }

  add(record: LogRecord): void {
    if (record.kind === 'push') {
      const part = record.parts.find(({ tableUid }) => tableUid === this.#tableUid);
      if (part !== undefined) this.#pushed(record, part);
    } else if (record.kind === 'remove' && record.tableUid === this.#tableUid) {
      const { keys, seq, upToSeq } = record;
      for (let i = 0; i < keys.length; i += 2) {
        const number = this.#index.find(keys[i]!, keys[i + 1]!);
        if (number < 0 || this.#changes[number] !== undefined) continue;
        this.#removals.set(number, [...(this.#removals.get(number) ?? []), { seq, upToSeq }]);
      }
    } else if (record.kind === 'create' && record.spec.uid === this.#tableUid) this.#created = true;
  }

  #pushed(record: PushRecord, { keys, values }: PushRecordPart): void {
    const dim = values.length / (keys.length / 2);
    const sums = new Map<number, Float32Array>();
    for (let i = 0; 2 * i < keys.length; i++) {
      const number = this.#index.find(keys[2 * i]!, keys[2 * i + 1]!);
      if (number < 0 || this.#changes[number] !== undefined) continue;
      const sum = sums.get(number) ?? new Float32Array(dim);
      for (let d = 0; d < dim; d++) sum[d]! += values[i * dim + d]!;
      sums.set(number, sum);
    }
    let changed = false;
    for (const [number, sum] of sums) {
      const removal = this.#removals.get(number)?.find(({ upToSeq }) => upToSeq >= record.seq);
      changed ||= removal === undefined;
      this.#changes[number] =
        removal === undefined
          ? { kind: ChangeKind.PUSH, seq: record.seq, gradient: bytesOf(sum) }
          : without(ChangeKind.REMOVED, removal.seq);
      this.#open--;
    }
    if (changed) this.#pushes.push(changingPush(record));
  }
}

function changingPush({ seq, client, clockMs, originTimeMs, sources }: PushRecord): ChangingPush {
  const ranges = sources.map((range) => ({ ...range, incarnation: '' }));
  return { seq, client: client.id, clockMs, originTimeMs, sources: ranges };
}

const without = (kind: ChangeKind, seq = 0): RowChange => ({ kind, seq, gradient: NONE });

const NONE = new Uint8Array(0);

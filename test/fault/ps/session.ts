// One client of the SDK and what it has pushed: random pushes over several tables, most of them awaited, some given up
// early and tried again, some never. Rows of tables whose order matters are its own.
import {
  connect,
  OutcomeUnknownError,
  type Table,
  type TableGradients,
  type Weir,
  WeirError,
} from '@weir/sdk';
import { mulberry32 } from '../../e2e/traffic.ts';

/** What its caller knows of a push. */
export type Outcome =
  | 'acknowledged'
  /** Refused for good, or never sent. */
  | 'absent'
  /** Whole or absent, nobody knows. */
  | 'unknown';

export interface PushedPart {
  readonly table: Table;
  readonly keys: readonly bigint[];
  readonly values: Float32Array;
}

export interface Pushed {
  /** Its key in the table of marks. */
  readonly mark: bigint;
  readonly parts: readonly PushedPart[];
  outcome: Outcome;
}

export interface RoundTables {
  readonly marks: Table;
  readonly shared: Table;
  readonly wide: Table;
  readonly ordered: readonly Table[];
  /** Tables that lose rows by themselves. */
  readonly pruned: readonly Table[];
  /** The table that comes and goes, while it is there. */
  readonly churn: () => Table | undefined;
}

export const LANES_MAX = 16;
const LANE_KEYS = 6;
const SHARED_KEYS = 16;
const WIDE_KEYS = 12;
const ROWS_MAX = 12;
/** Rows of 4 KiB: above 256 KiB, so that a push has several frames. */
const WIDE_ROWS = [66, 90] as const;
const TIMEOUT_MS = 40_000;

export class Session {
  readonly pushed: Pushed[] = [];
  readonly weir: Weir;
  /** Own keys of every ordered table. */
  readonly keys: readonly bigint[];
  acknowledged = 0;
  readonly #number: number;
  readonly #tables: RoundTables;
  /** For what it pushes, and for how it waits. */
  readonly #content: () => number;
  readonly #random: () => number;
  readonly #unknown: { readonly push: Pushed; readonly lane: number; readonly error: OutcomeUnknownError }[] =
    [];
  #drawn = 0;
  #closed = false;

  private constructor(weir: Weir, number: number, tables: RoundTables, seed: number) {
    this.weir = weir;
    this.#number = number;
    this.#tables = tables;
    this.#content = mulberry32(seed * 7_919 + number);
    this.#random = mulberry32(seed * 104_729 + number);
    this.keys = Array.from({ length: LANES_MAX * LANE_KEYS }, (_, k) => BigInt(number * 1_000 + k));
  }

  /** @param number unique in the world. */
  static async open(address: string, number: number, tables: RoundTables, seed: number): Promise<Session> {
    const weir = await connect({ seeds: [address], clientId: `session-${number}`, timeoutMs: TIMEOUT_MS });
    return new Session(weir, number, tables, seed);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes so many pushes, `lanes` of them at a time, until done or closed. */
  async run(count: number, lanes: number): Promise<void> {
    let left = count;
    const work = async (lane: number): Promise<void> => {
      while (left-- > 0 && !this.#closed) {
        const push = this.#draw(lane);
        this.pushed.push(push);
        await this.#make(push, lane);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  }

  /** Goes on with what was given up, until its outcome is known. */
  async settle(): Promise<void> {
    for (const { push, lane, error } of this.#unknown.splice(0)) {
      if (this.#closed) return;
      await this.#outcome(push, lane, () => error.retry({ timeoutMs: TIMEOUT_MS }));
    }
  }

  /** At once: what is under way has an unknown outcome. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.weir.close();
  }

  async #make(push: Pushed, lane: number): Promise<void> {
    const impatient = this.#random() < 0.06;
    const timeoutMs = impatient ? 1 + Math.floor(this.#random() * 120) : TIMEOUT_MS;
    const parts: TableGradients[] = push.parts.map(({ table, keys, values }) => ({
      table,
      keys: BigUint64Array.from(keys),
      gradients: values,
    }));
    await this.#outcome(push, lane, () => this.weir.push(parts, { timeoutMs }));
  }

  async #outcome(push: Pushed, lane: number, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
      push.outcome = 'acknowledged';
      this.acknowledged++;
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      if (!(error instanceof OutcomeUnknownError)) {
        if (!EXPECTED.has(error.code)) throw error;
        push.outcome = 'absent';
        return;
      }
      if (this.#closed) return;
      if (this.#random() < 0.5) this.#unknown.push({ push, lane, error });
      else await this.#outcome(push, lane, () => error.retry({ timeoutMs: TIMEOUT_MS }));
    }
  }

  /** Pushes that nobody awaited in between are applied in either order, so each lane has keys of its own. */
  #draw(lane: number): Pushed {
    const mark = BigInt(this.#number * 1_000_000 + ++this.#drawn);
    const { marks, shared, wide, ordered, pruned, churn } = this.#tables;
    const parts: PushedPart[] = [{ table: marks, keys: [mark], values: Float32Array.of(1) }];
    const keys = this.#unknown.some((given) => given.lane === lane)
      ? []
      : this.keys.slice(lane * LANE_KEYS, (lane + 1) * LANE_KEYS);
    for (const table of keys.length === 0 ? [] : ordered) {
      if (this.#content() < 0.4) parts.push(this.#part(table, keys, this.#rows(), this.#gradient));
    }
    for (const table of keys.length === 0 ? [] : pruned) {
      if (this.#content() < 0.3) parts.push(this.#part(table, keys, this.#rows(), this.#positive));
    }
    const sharedKeys = Array.from({ length: SHARED_KEYS }, (_, k) => BigInt(k));
    if (this.#content() < 0.5) parts.push(this.#part(shared, sharedKeys, this.#rows(), this.#whole));
    if (this.#content() < 0.04) {
      const [least, most] = WIDE_ROWS;
      const rows = least + Math.floor(this.#content() * (most - least));
      parts.push(this.#part(wide, this.keys.slice(0, WIDE_KEYS), rows, this.#whole));
    }
    const churning = churn();
    if (churning !== undefined && this.#content() < 0.5) {
      parts.push(this.#part(churning, sharedKeys, this.#rows(), this.#whole));
    }
    if (this.#content() < 0.02) parts[0]!.values[0] = Number.NaN;
    // The refusal of a part must take back parts before and after it.
    if (this.#content() < 0.5) parts.reverse();
    return { mark, parts, outcome: 'unknown' };
  }

  /** Few keys, many rows: most keys come twice. */
  #part(table: Table, keys: readonly bigint[], rows: number, value: () => number): PushedPart {
    return {
      table,
      keys: Array.from({ length: rows }, () => keys[Math.floor(this.#content() * keys.length)]!),
      values: Float32Array.from({ length: rows * table.dim }, value),
    };
  }

  #rows(): number {
    return 1 + Math.floor(this.#content() * ROWS_MAX);
  }

  /** Far enough from 0 that an update more or less is seen. */
  readonly #gradient = (): number => (this.#content() < 0.5 ? -1 : 1) * (0.25 + this.#content());
  readonly #positive = (): number => 1 + Math.floor(this.#content() * 6);
  readonly #whole = (): number => Math.floor(this.#content() * 7) - 3;
}

/** What a push may end with; anything else is a finding. */
const EXPECTED: ReadonlySet<string> = new Set([
  'NOT_FINITE',
  'TABLE_NOT_FOUND',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
]);

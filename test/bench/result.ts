// What a bench prints: the median of its runs, once for each (metric, params).

export interface BenchResult {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: number;
  readonly params: Readonly<Record<string, string | number>>;
  /** The same figure of a peer, measured in the same run, and ours over it. */
  readonly peer?: number | undefined;
  readonly ratio?: number | undefined;
  /** What the figure cost: CPU and memory of each process, and what else explains it. */
  readonly cost?: Readonly<Record<string, number>> | undefined;
}

export interface BenchOptions {
  readonly runs: number;
  /** Of one run of a bench that is bounded by time. */
  readonly seconds: number;
  /** Of the table, in benches of a large one. */
  readonly rows: number;
  readonly dataset: string | undefined;
  readonly input: string | undefined;
  /** Only these durabilities and distributions of keys; all of the bench's when empty. */
  readonly durability: readonly string[];
  readonly keys: readonly string[];
  /** Whether to measure a peer too. */
  readonly peer: boolean;
  readonly log: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<readonly BenchResult[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

// What a bench prints: the median of its runs, once for each (metric, params).

export interface BenchResult {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: number;
  readonly params: Readonly<Record<string, string | number>>;
}

export interface BenchOptions {
  readonly runs: number;
  readonly dataset: string | undefined;
  readonly input: string | undefined;
  readonly log: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<readonly BenchResult[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

// What the suites have in common: rounds in worlds that are left once something goes wrong, and canaries.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Print, type Totals, textOf } from './report.ts';

/** A defect that a suite must notice. */
export interface Canary {
  readonly name: string;
  caught(dir: string, seed: number): Promise<boolean>;
}

interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  readonly problems: readonly string[];
}

export interface SuiteRun {
  /** Stands before every line. */
  readonly name: string;
  readonly seed: number;
  readonly totals: Totals;
  readonly print: Print;
}

/** @param rounds from `first` up to, not including, `end`, in a world of their own in `dir`. */
export async function inWorlds(
  { name, totals, print }: SuiteRun,
  all: number,
  roundsPerWorld: number,
  rounds: (dir: string, first: number, end: number) => Promise<void>,
): Promise<void> {
  for (let first = 0; first < all; first += roundsPerWorld) {
    const end = Math.min(all, first + roundsPerWorld);
    try {
      await inFolder((dir) => rounds(dir, first, end));
    } catch (error) {
      totals.failed++;
      print(`${name}, rounds ${first + 1} to ${end}: ${textOf(error)}`);
    }
  }
}

/** False: this world is to be left. */
export function count({ totals }: SuiteRun, { lost, doubled, problems }: Verdict): boolean {
  const good = lost === 0 && doubled === 0 && problems.length === 0;
  totals.lost += lost;
  totals.doubled += doubled;
  totals[good ? 'passed' : 'failed']++;
  return good;
}

export async function checkCanaries(
  { name, seed, totals, print }: SuiteRun,
  canaries: readonly Canary[],
): Promise<void> {
  for (const canary of canaries) {
    const caught = await inFolder((dir) => canary.caught(dir, seed)).catch((error: unknown) => {
      print(textOf(error));
      return false;
    });
    if (!caught) totals.missedCanaries++;
    print(`${name}, canary '${canary.name}': ${caught ? 'caught' : 'missed'}`);
  }
}

export async function inFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-fault-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

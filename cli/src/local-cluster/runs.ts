// A data folder over several starts: shards keep their folders, every start is a new run with streams, stitcher and
// tables of its own. `DIR/shard-N`, `DIR/runs/run-N/{streams,stitcher,topology.json}`, `DIR/logs`.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/proto';
import type { Weir } from '@weir/sdk';
import type { ClusterFolders } from './service-commands.ts';

export interface Run {
  /** `run-N`; also the namespace of its tables. */
  readonly name: string;
  readonly folders: ClusterFolders;
  /** Names of the runs before it whose folders are still there. */
  readonly older: readonly string[];
}

const RUN = /^run-(\d+)$/;

/** Takes the next number. @throws WeirError CONFIGURATION when the folder cannot be written. */
export async function openRun(data: string): Promise<Run> {
  const folder = resolve(data);
  const runs = join(folder, 'runs');
  try {
    await mkdir(runs, { recursive: true });
    const older = (await readdir(runs)).filter((name) => RUN.test(name));
    const number = Math.max(0, ...older.map((name) => Number(RUN.exec(name)?.[1]))) + 1;
    const name = `run-${number}`;
    await mkdir(join(runs, name));
    return {
      name,
      folders: { data: folder, run: join(runs, name), logs: join(folder, 'logs') },
      older,
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `data folder ${folder} cannot be used: ${why}`, { cause });
  }
}

/** Drops the tables of all runs but this one, then removes their folders. */
export async function removeOlderRuns(run: Run, weir: Weir): Promise<void> {
  for (const { spec } of await weir.tables.list()) {
    const { name } = spec;
    const namespace = name.slice(0, name.indexOf('/'));
    if (RUN.test(namespace) && namespace !== run.name) await weir.tables.drop(name);
  }
  // After the tables: a run whose folder is gone is no longer looked for.
  for (const name of run.older) await rm(join(run.folders.run, '..', name), { recursive: true, force: true });
}

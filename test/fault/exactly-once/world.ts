// The whole loop under the counting model, over several rounds: what a round leaves in the samples stream and in the
// table is compared with all traffic so far.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type Table, type Weir } from '@weir/sdk';
import { type Loop, openLoop } from '../../../cli/src/local-cluster/loop.ts';
import { SampleTally } from '../../e2e/sample-tally.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import { type Preload, preload } from '../../preload.ts';
import { checkSamples } from '../check-samples.ts';
import { behindOf } from './behind.ts';
import type { Bug } from './bugs.ts';
import { checkCounts } from './counted.ts';
import { COUNTS_TABLE } from './counting-model.ts';
import { drive } from './drive.ts';
import { brokenFences } from './fences.ts';
import { INSIDE_PLAN, type InsidePlan } from './inside.ts';
import { readNotes } from './notes.ts';
import type { Fault, ScheduledFault, Targets } from './schedule.ts';
import { ATTRIBUTION_MS, addCounts, type Counts, makeRound } from './traffic.ts';
import { untilSaid } from './words.ts';
import { KILL_SIGNAL, SLEEP_SIGNAL } from './worst-moment.ts';

const MODEL = fileURLToPath(new URL('./counting-model.ts', import.meta.url));
const INSIDE = new URL('./inside.ts', import.meta.url).href;
const START_MS = Date.UTC(2024, 0, 1);
/** Wall clock: so much of a round is traffic; restarts and what is left to do come on top. */
const TRAFFIC_MS = 1_500;
const WINDOW_REQUESTS = 4;
/** Of the trainers' group, and of the stitchers' where they are in one. */
const MEMBERS = 2;
const MEMBERS_MAX = 3;
const PARTITIONS = 4;
const GROUPS = ['trainers', 'stitchers'] as const;
const LEASE_MS = 1_000;
/** Of a service that is stopped; longer than a lease. */
const SLEEP_MS = 1_500;
/** What a service that slept still wants to do, it does in this time. */
const AWAKE_MS = 300;
const DYING_MS = 50;
const LOOK_MS = 25;
const KILLED = /\bended \(SIG(KILL|USR2)\)/;
const PROBLEMS_SHOWN = 5;
/** A loop that does not come to rest in this time has lost something, or hangs. */
const REST_TIMEOUT_MS = 60_000;

export interface RoundResult {
  readonly kills: number;
  /** Services that ended by themselves and were started again. */
  readonly ended: readonly string[];
  readonly lost: number;
  readonly doubled: number;
  /** One line each. */
  readonly problems: readonly string[];
}

export interface WorldOptions {
  /** Folder of everything. */
  readonly dir: string;
  readonly seed: number;
  /** Otherwise there are several, in a group. */
  readonly isStitcherAlone: boolean;
  /** Put into the services on purpose. */
  readonly bug?: Bug;
}

interface Parts {
  readonly dir: string;
  readonly inside: Preload;
  readonly loop: Loop;
  readonly weir: Weir;
  readonly table: Table;
  /** What was said of services that ended. */
  readonly ends: string[];
}

export class World {
  readonly #parts: Parts;
  readonly #tally: SampleTally;
  readonly #random: () => number;
  readonly #samples = new Set<string>();
  readonly #positives = new Set<string>();
  readonly #counts: Counts = new Map();
  #nextMs = START_MS;

  private constructor(parts: Parts, seed: number) {
    this.#parts = parts;
    this.#tally = new SampleTally(parts.loop.streams, parts.loop.partitions);
    this.#random = mulberry32(seed);
  }

  static async begin(options: WorldOptions): Promise<World> {
    const { dir, seed, bug } = options;
    const plan: InsidePlan = { folder: dir, bug };
    const inside = preload(INSIDE, INSIDE_PLAN, plan);
    try {
      const ends: string[] = [];
      const loop = await openLoop({
        data: join(dir, 'data'),
        trainers: MEMBERS,
        ...(!options.isStitcherAlone && { stitchers: MEMBERS }),
        partitions: PARTITIONS,
        settings: {
          model: MODEL,
          schema: undefined,
          labels: ['click'],
          attributionMs: { click: ATTRIBUTION_MS },
          policy: 'wait',
          window: WINDOW_REQUESTS,
          deterministic: false,
          leaseMs: LEASE_MS,
          freezeAfter: undefined,
        },
        report: (message) => ends.push(message),
      });
      const seeds = loop.cluster.addresses.shards.map(({ listen }) => listen);
      const weir = await connect({ seeds, clientId: 'counts' });
      const table = await weir.table(`${loop.run.name}/${COUNTS_TABLE}`);
      return new World({ dir, inside, loop, weir, table, ends }, seed);
    } catch (error) {
      inside[Symbol.dispose]();
      throw error;
    }
  }

  get targets(): Targets {
    const all = [...this.#parts.loop.cluster.services.keys()];
    const members = all.filter((name) => /^(trainer|stitcher)-/.test(name));
    const groups = members.some((name) => name.startsWith('stitcher')) ? GROUPS : GROUPS.slice(0, 1);
    return { all, members, groups };
  }

  /** Traffic with faults, then rest, then the comparison. @throws when the loop does not come to rest. */
  async round(number: number, faults: readonly ScheduledFault[]): Promise<RoundResult> {
    const { dir, loop, table, ends } = this.#parts;
    const { cluster, streams, partitions } = loop;
    const traffic = makeRound(this.#random, number, this.#nextMs);
    this.#nextMs = traffic.endMs;
    for (const id of traffic.samples) this.#samples.add(id);
    for (const id of traffic.positives) this.#positives.add(id);
    addCounts(this.#counts, traffic.counts);

    ends.length = 0;
    const waiting = [...faults];
    const running: Promise<void>[] = [];
    const begin = (fault: Fault): void => {
      const done = this.#commit(fault);
      // Awaited below, unless the traffic fails before.
      done.catch(() => {});
      running.push(done);
    };
    await drive({
      traffic,
      predictor: cluster.addresses.predictor.listen,
      collector: cluster.addresses.collector.listen,
      streams,
      partitions,
      durationMs: TRAFFIC_MS,
      onSent: (part) => {
        while (waiting.length > 0 && waiting[0]!.atPart <= part) begin(waiting.shift()!.fault);
      },
      signal: cluster.failed,
    });
    await Promise.all(running);
    await this.#rest(traffic.endMs);
    const stitched = checkSamples({ samples: this.#samples, positives: this.#positives }, this.#tally);
    const keys = [...this.#counts.keys()];
    const counted = checkCounts(this.#counts, await table.pull(BigUint64Array.from(keys)));
    const problems = [
      ...counted.wrong.slice(0, PROBLEMS_SHOWN),
      ...brokenFences(await readNotes(dir)).slice(0, PROBLEMS_SHOWN),
    ];
    if (stitched.lost + stitched.doubled > 0) {
      problems.push(`stream samples: lost ${stitched.lost}, doubled ${stitched.doubled}`);
    }
    return {
      kills: ends.filter((message) => KILLED.test(message)).length,
      ended: ends.filter((message) => !KILLED.test(message)),
      lost: stitched.lost + counted.lost,
      doubled: stitched.doubled + counted.doubled,
      problems,
    };
  }

  async end(): Promise<void> {
    const { weir, loop, inside } = this.#parts;
    await weir.close();
    await loop[Symbol.asyncDispose]();
    inside[Symbol.dispose]();
  }

  async #commit(fault: Fault): Promise<void> {
    const { dir, loop } = this.#parts;
    const { cluster } = loop;
    if (fault.kind === 'kill') {
      for (const service of fault.services) this.#signal(service, fault.worst ? KILL_SIGNAL : 'SIGKILL');
    } else if (fault.kind === 'zombie') {
      this.#signal(fault.service, SLEEP_SIGNAL);
      await untilSaid(dir, 'offsets read');
      this.#signal(fault.service, 'SIGCONT');
      await untilSaid(dir, 'zombie pushed');
      this.#signal(fault.service, 'SIGKILL');
    } else if (fault.kind === 'join') {
      if (cluster[fault.group].admins.length < MEMBERS_MAX) await cluster[fault.group].add();
    } else if (fault.kind === 'leave') {
      if (cluster[fault.group].admins.length > 1) await cluster[fault.group].remove();
    } else if (this.#signal(fault.service, fault.worst ? SLEEP_SIGNAL : 'SIGSTOP')) {
      await sleep(SLEEP_MS);
      this.#signal(fault.service, 'SIGCONT');
      await sleep(fault.dies ? DYING_MS : AWAKE_MS);
      if (fault.dies) this.#signal(fault.service, 'SIGKILL');
    }
  }

  /** False for a service that is being started again, or has left. */
  #signal(service: string, signal: NodeJS.Signals): boolean {
    const pid = this.#parts.loop.cluster.services.get(service)?.pid;
    if (pid === undefined) return false;
    process.kill(pid, signal);
    return true;
  }

  /** Until everything below the time is stitched and trained, to the last offset of every stream between services. */
  async #rest(endMs: number): Promise<void> {
    const { loop, weir } = this.#parts;
    const deadlineMs = performance.now() + REST_TIMEOUT_MS;
    for (;;) {
      loop.cluster.failed.throwIfAborted();
      // Who fell asleep at a moment that came late.
      for (const name of this.targets.members) this.#signal(name, 'SIGCONT');
      const behind = await behindOf({ loop, weir, tally: this.#tally, endMs });
      if (behind.length === 0) return;
      if (performance.now() > deadlineMs) {
        throw new Error(
          `no rest after ${REST_TIMEOUT_MS} ms: ${behind.join('; ')}; logs in ${loop.run.folders.logs}`,
        );
      }
      await sleep(LOOK_MS);
    }
  }
}

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
import type { Bug } from './bugs.ts';
import { checkCounts } from './counted.ts';
import { COUNTS_TABLE } from './counting-model.ts';
import { drive } from './drive.ts';
import { brokenFences } from './fences.ts';
import { INSIDE_PLAN, type InsidePlan } from './inside.ts';
import { readNotes } from './notes.ts';
import type { Fault, ScheduledFault } from './schedule.ts';
import { ATTRIBUTION_MS, addCounts, type Counts, makeRound } from './traffic.ts';

const MODEL = fileURLToPath(new URL('./counting-model.ts', import.meta.url));
const INSIDE = new URL('./inside.ts', import.meta.url).href;
const START_MS = Date.UTC(2024, 0, 1);
/** Wall clock: so much of a round is traffic; restarts and what is left to do come on top. */
const TRAFFIC_MS = 1_500;
const WINDOW_REQUESTS = 4;
/** Of a service that is stopped; longer than a member's lease. */
const SLEEP_MS = 1_500;
const LOOK_MS = 25;
const PROBLEMS_SHOWN = 5;
/** A loop that does not come to rest in this time has lost something, or hangs. */
const REST_TIMEOUT_MS = 60_000;

export interface RoundResult {
  readonly kills: number;
  readonly lost: number;
  readonly doubled: number;
  /** One line each. */
  readonly problems: readonly string[];
}

export class World {
  readonly #dir: string;
  readonly #inside: Preload;
  readonly #loop: Loop;
  readonly #weir: Weir;
  readonly #table: Table;
  readonly #tally: SampleTally;
  readonly #random: () => number;
  readonly #samples = new Set<string>();
  readonly #positives = new Set<string>();
  readonly #counts: Counts = new Map();
  #nextMs = START_MS;

  private constructor(dir: string, inside: Preload, loop: Loop, weir: Weir, table: Table, seed: number) {
    this.#dir = dir;
    this.#inside = inside;
    this.#loop = loop;
    this.#weir = weir;
    this.#table = table;
    this.#tally = new SampleTally(loop.streams, loop.partitions);
    this.#random = mulberry32(seed);
  }

  /** @param bug put into its services on purpose */
  static async begin(dir: string, seed: number, bug?: Bug): Promise<World> {
    const plan: InsidePlan = { folder: dir, bug };
    const inside = preload(INSIDE, INSIDE_PLAN, plan);
    try {
      const loop = await openLoop({
        data: join(dir, 'data'),
        settings: {
          model: MODEL,
          schema: undefined,
          labels: ['click'],
          attributionMs: { click: ATTRIBUTION_MS },
          policy: 'wait',
          window: WINDOW_REQUESTS,
          deterministic: false,
          freezeAfter: undefined,
        },
        report: () => {},
      });
      const seeds = loop.cluster.addresses.shards.map(({ listen }) => listen);
      const weir = await connect({ seeds, clientId: 'counts' });
      const table = await weir.table(`${loop.run.name}/${COUNTS_TABLE}`);
      return new World(dir, inside, loop, weir, table, seed);
    } catch (error) {
      inside[Symbol.dispose]();
      throw error;
    }
  }

  get services(): readonly string[] {
    return [...this.#loop.cluster.services.keys()];
  }

  /** Traffic with faults, then rest, then the comparison. @throws when the loop does not come to rest. */
  async round(number: number, faults: readonly ScheduledFault[]): Promise<RoundResult> {
    const { cluster, streams, partitions } = this.#loop;
    const traffic = makeRound(this.#random, number, this.#nextMs);
    this.#nextMs = traffic.endMs;
    for (const id of traffic.samples) this.#samples.add(id);
    for (const id of traffic.positives) this.#positives.add(id);
    addCounts(this.#counts, traffic.counts);

    const killsBefore = this.#restarts;
    const waiting = [...faults];
    const running: Promise<void>[] = [];
    await drive({
      traffic,
      predictor: cluster.addresses.predictor.listen,
      collector: cluster.addresses.collector.listen,
      streams,
      partitions,
      durationMs: TRAFFIC_MS,
      onSent: (part) => {
        while (waiting.length > 0 && waiting[0]!.atPart <= part)
          running.push(this.#commit(waiting.shift()!.fault));
      },
      signal: cluster.failed,
    });
    await Promise.all(running);
    await this.#rest(traffic.endMs);
    const stitched = checkSamples({ samples: this.#samples, positives: this.#positives }, this.#tally);
    const keys = [...this.#counts.keys()];
    const counted = checkCounts(this.#counts, await this.#table.pull(BigUint64Array.from(keys)));
    const problems = [
      ...counted.wrong.slice(0, PROBLEMS_SHOWN),
      ...brokenFences(await readNotes(this.#dir)).slice(0, PROBLEMS_SHOWN),
    ];
    if (stitched.lost + stitched.doubled > 0) {
      problems.push(`stream samples: lost ${stitched.lost}, doubled ${stitched.doubled}`);
    }
    return {
      kills: this.#restarts - killsBefore,
      lost: stitched.lost + counted.lost,
      doubled: stitched.doubled + counted.doubled,
      problems,
    };
  }

  async end(): Promise<void> {
    await this.#weir.close();
    await this.#loop[Symbol.asyncDispose]();
    this.#inside[Symbol.dispose]();
  }

  get #restarts(): number {
    return [...this.#loop.cluster.services.values()].reduce((sum, { restarts }) => sum + restarts, 0);
  }

  async #commit(fault: Fault): Promise<void> {
    if (fault.kind === 'kill') {
      for (const service of fault.services) this.#signal(service, fault.worst ? 'SIGUSR2' : 'SIGKILL');
      return;
    }
    if (!this.#signal(fault.service, 'SIGSTOP')) return;
    await sleep(SLEEP_MS);
    this.#signal(fault.service, 'SIGCONT');
  }

  /** False for a service that is being started again. */
  #signal(service: string, signal: NodeJS.Signals): boolean {
    const pid = this.#loop.cluster.services.get(service)?.pid;
    if (pid === undefined) return false;
    process.kill(pid, signal);
    return true;
  }

  /** Until everything below the time is stitched, and trained to the last offset. */
  async #rest(endMs: number): Promise<void> {
    const { streams, cluster, run } = this.#loop;
    const deadlineMs = performance.now() + REST_TIMEOUT_MS;
    for (;;) {
      cluster.failed.throwIfAborted();
      await this.#tally.readOn();
      const ends = await streams.endOffsets('samples');
      const group = await streams.groupOffsets('trainer', 'samples');
      const trained = ends.every(({ endOffset }, partition) => group[partition]?.offset === endOffset);
      if (this.#tally.progressTimeMs >= endMs && trained) return;
      if (performance.now() > deadlineMs) {
        throw new Error(
          `no rest after ${REST_TIMEOUT_MS} ms: samples up to ${this.#tally.progressTimeMs} of ${endMs}, ` +
            `ends ${JSON.stringify(ends)}, trained ${JSON.stringify(group)}; logs in ${run.folders.logs}`,
        );
      }
      await sleep(LOOK_MS);
    }
  }
}

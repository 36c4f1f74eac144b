// The stitcher as a member of a group: it has the partitions that the membership gives it, each under the generation in
// which it got it. Nobody waits at a barrier: a new owner fences the former one in the streams, and what the former one
// does after that counts nothing. So a partition that stays with its owner goes on without a pause.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WeirError } from '@weir/proto';
import { assignedPartitions, type Group, type Membership } from '@weir/sdk';
import type { Join } from '../core/join.ts';
import { Housekeeping } from './housekeeping.ts';
import { LEAVE_TIMEOUT_MS } from './limits.ts';
import type { TakenOver } from './open-partition.ts';
import { claimFolder, stateSettings } from './open-state.ts';
import { type HoldingEnd, PartitionHolding } from './partition-holding.ts';
import type { PartitionRunner } from './partition-runner.ts';
import { memoryShare, type StitcherOptions, type StitcherRun } from './stitcher.ts';

export interface GroupStitcherOptions extends Omit<StitcherOptions, 'durability' | 'signal'> {
  readonly group: Group;
  /** How long to wait for the generation that has fenced this member, before that counts as an error. */
  readonly leaseMs: number;
  readonly onTakenOver: (partition: number, taken: TakenOver, tookMs: number) => void;
}

export class GroupStitcher implements StitcherRun {
  readonly #options: GroupStitcherOptions;
  readonly #settings: string;
  readonly #housekeeping: Housekeeping;
  readonly #holdings = new Map<number, PartitionHolding>();
  /** By partition, the end of the last holding: the next one begins after it. */
  readonly #ends = new Map<number, Promise<HoldingEnd>>();
  readonly #stop = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  #membership: Membership;
  #isStopping = false;

  private constructor(options: GroupStitcherOptions, settings: string) {
    this.#options = options;
    this.#settings = settings;
    this.#membership = options.group;
    this.#housekeeping = new Housekeeping({
      ...options,
      runners: () => this.#runners,
      isLive: options.liveBoundMs !== undefined,
    });
    this.#failed.promise.catch(() => {});
  }

  /** @throws WeirError CONFIGURATION when the folder is no member's, or of other settings. */
  static async open(options: GroupStitcherOptions): Promise<GroupStitcher> {
    const settings = stateSettings(options, options.partitions);
    // A folder of a stitcher that was alone is its state, not a copy of the log.
    await claimFolder(options.store, `a copy of the state log, ${settings}`);
    return new GroupStitcher(options, settings);
  }

  get joins(): readonly Join[] {
    return this.#runners.map(({ stitcher }) => stitcher.join);
  }

  get #runners(): readonly PartitionRunner[] {
    return [...this.#holdings.values()].flatMap(({ runner }) => runner ?? []);
  }

  /** Until `stop`; rejects with FENCED when the membership is lost, or with the first error of any partition. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    const side = this.#housekeeping.run(signal);
    try {
      await Promise.race([this.#follow(signal), this.#failed.promise]);
    } finally {
      this.#isStopping = true;
      this.#stop.abort();
      await Promise.all([side, this.#stopHoldings()]);
    }
  }

  async stop(): Promise<void> {
    const { group, warn } = this.#options;
    this.#isStopping = true;
    await this.#stopHoldings();
    await this.#housekeeping.end();
    this.#stop.abort();
    // After the last append: who comes next fences.
    await group
      .leave({ timeoutMs: LEAVE_TIMEOUT_MS })
      .catch((error: unknown) => warn(error, 'leaving the group'));
  }

  async #stopHoldings(): Promise<void> {
    await Promise.all([...this.#holdings.values()].map((holding) => holding.stop()));
    await Promise.all(this.#ends.values());
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const membership of this.#options.group.changes({ signal })) {
      if (this.#isStopping) continue;
      this.#membership = membership;
      this.#reconcile();
    }
  }

  #reconcile(): void {
    const { group, partitions } = this.#options;
    const own = new Set(assignedPartitions(this.#membership, group.member, partitions));
    for (const [partition, holding] of this.#holdings) {
      if (own.has(partition)) continue;
      this.#holdings.delete(partition);
      void holding.stop();
    }
    for (const partition of own) if (!this.#holdings.has(partition)) this.#begin(partition);
  }

  #begin(partition: number): void {
    const { plan, policy, liveBoundMs, partitions, memory } = this.#options;
    const options = {
      ...this.#options,
      settings: this.#settings,
      join: { plan, policy, liveBoundMs, partition },
      memory: memoryShare(partitions, memory),
      generation: this.#membership.generation,
    };
    const holding = new PartitionHolding(options, this.#ends.get(partition) ?? Promise.resolve());
    this.#holdings.set(partition, holding);
    this.#ends.set(partition, holding.ended);
    void holding.ended.then((end) => this.#over(partition, holding, end));
  }

  #over(partition: number, holding: PartitionHolding, end: HoldingEnd): void {
    if (this.#isStopping || this.#holdings.get(partition) !== holding || end.kind === 'stopped') return;
    if (end.kind === 'failed') {
      this.#failed.reject(end.error);
      return;
    }
    this.#holdings.delete(partition);
    // Of a generation that we heard of meanwhile, or have not heard of yet.
    if (this.#membership.generation > holding.generation) this.#reconcile();
    else void this.#expectNewer(holding.generation, end.error);
  }

  async #expectNewer(generation: number, error: WeirError): Promise<void> {
    const { signal } = this.#stop;
    await sleep(this.#options.leaseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted || this.#membership.generation > generation) return;
    this.#failed.reject(error);
  }
}

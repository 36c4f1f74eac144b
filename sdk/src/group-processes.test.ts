// Members and shards as processes: killed, stopped and woken. Whatever happens, a step has one result, and all who got one
// got the same bytes.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from './index.ts';
import type { MemberLine } from './testing/group-member.ts';

const SCRIPT = fileURLToPath(new URL('./testing/group-member.ts', import.meta.url));
type Result = Extract<MemberLine, { kind: 'result' }>;

class Member {
  readonly name: string;
  readonly lines: MemberLine[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #wake = (): void => {};

  constructor(cluster: Cluster, name: string, leaseMs: number) {
    this.name = name;
    this.#process = spawn(process.execPath, [SCRIPT, cluster.seeds.join(), name, String(leaseMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => this.#process.once('exit', resolve));
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as MemberLine);
      this.#wake();
    });
  }

  get results(): Result[] {
    return this.lines.filter((line) => line.kind === 'result');
  }

  /** The first line from `from` on that is meant. */
  async until(from: number, meant: (line: MemberLine) => boolean): Promise<MemberLine> {
    for (let at = from; ; at++) {
      while (at >= this.lines.length) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (meant(this.lines[at]!)) return this.lines[at]!;
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

const members: Member[] = [];
afterEach(() => Promise.all(members.splice(0).map((member) => member.kill())));

function start(cluster: Cluster, names: readonly string[], leaseMs: number): Member[] {
  members.push(...names.map((name) => new Member(cluster, name, leaseMs)));
  return members;
}

const completedBy = (names: readonly string[]) => (line: MemberLine) =>
  line.kind === 'result' && line.members.join() === names.join();

/** One result for a step, whoever tells of it; made by contributions to that step alone; steps without a gap. */
function checkAll(): void {
  const digests = new Map<number, string>();
  for (const { results } of members) {
    for (const { step, digest, steps, members: contributors } of results) {
      expect(digests.get(step) ?? digest, `step ${step}`).toBe(digest);
      digests.set(step, digest);
      expect(steps).toEqual(contributors.map(() => step));
    }
    const own = results.map(({ step }) => step);
    expect(own).toEqual(own.map((_, i) => own[0]! + i));
  }
}

describe('members as processes', () => {
  it('go on without one that was killed, and fence one that slept through its lease', async () => {
    await using cluster = await startCluster({ shards: 2 });
    const [a, b, c] = start(cluster, ['a', 'b', 'c'], 700) as [Member, Member, Member];
    await a.until(0, completedBy(['a', 'b', 'c']));

    await b.kill();
    await a.until(a.lines.length, completedBy(['a', 'c']));

    const before = c.lines.length;
    c.signal('SIGSTOP');
    const alone = (await a.until(a.lines.length, completedBy(['a']))) as Result;
    c.signal('SIGCONT');
    // That the group had changed when the other was killed it may have said only now.
    const refused = (line: MemberLine) => line.kind === 'error' && line.code !== 'GROUP_CHANGED';
    expect(await c.until(before, refused)).toMatchObject({ code: 'FENCED' });
    // It was given nothing that was completed without it.
    expect(Math.max(...c.results.map(({ step }) => step))).toBeLessThan(alone.step);
    await a.until(a.lines.length, completedBy(['a']));
    checkAll();
  });

  it('go on in the same generation when their shard is killed in the middle of steps and comes back', async () => {
    // Groups are durable even where rows are not.
    await using cluster = await startCluster({ shards: 1, durability: 'memory' });
    const started = start(cluster, ['a', 'b', 'c'], 20_000);
    const whole = completedBy(['a', 'b', 'c']);
    const first = (await started[0]!.until(0, whole)) as Result;
    for (let kill = 0; kill < 3; kill++) {
      await started[kill]!.until(started[kill]!.lines.length + kill * 7, whole);
      await cluster.kill(0);
      await cluster.restart(0);
    }
    for (const member of started) await member.until(member.lines.length, whole);
    checkAll();
    for (const { results } of started) {
      expect(new Set(results.filter(whole).map(({ generation }) => generation))).toEqual(
        new Set([first.generation]),
      );
    }
    // Who looks later finds what they were told.
    await Promise.all(started.map((member) => member.kill()));
    await cluster.restart(0);
    await using weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
    const latest = await weir.group('workers').latest();
    const told = Math.max(...started.flatMap(({ results }) => results.map(({ step }) => step)));
    expect(latest!.step).toBeGreaterThanOrEqual(told);
    expect(latest!.generation).toBe(first.generation);
  });

  it('keep their places while the shard itself stands still', async () => {
    await using cluster = await startCluster({ shards: 1 });
    const started = start(cluster, ['a', 'b'], 700);
    const whole = completedBy(['a', 'b']);
    const first = (await started[0]!.until(0, whole)) as Result;
    for (let i = 0; i < 2; i++) {
      process.kill(cluster.pids[0]!, 'SIGSTOP');
      await sleep(1_000);
      process.kill(cluster.pids[0]!, 'SIGCONT');
      for (const member of started) await member.until(member.lines.length, whole);
    }
    checkAll();
    for (const { lines, results } of started) {
      expect(lines.filter((line) => line.kind === 'error' && line.code === 'FENCED')).toEqual([]);
      expect(results.at(-1)!.generation).toBe(first.generation);
    }
  });
});

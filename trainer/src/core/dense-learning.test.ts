import type { DenseDefinition } from '@weir/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DenseLearning, type StepResult } from './dense-learning.ts';

const definition: DenseDefinition = {
  initial: Float32Array.of(0, 1),
  optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 },
};
const partitions = [0, 1, 2, 3];

/** As the shard reduces: sums, and one after the other. */
function reduced(members: readonly DenseLearning[], step: number): StepResult {
  const all = members.map((member) => member.parts());
  const parts = all[0]!.map(({ name, reduce }, i) => {
    const values = all.map((own) => own[i]!.value);
    if (reduce === 'concat') {
      return { name, value: BigUint64Array.from(values.flatMap((value) => [...(value as BigUint64Array)])) };
    }
    const sums = values as Float64Array[];
    return { name, value: sums[0]!.map((_, k) => sums.reduce((sum, value) => sum + value[k]!, -0)) };
  });
  return { step, parts };
}

/** Trainers that meet at steps, come and go, and train partitions that are theirs; what each one has learned is noted. */
class World {
  readonly #members = new Map<string, { learning: DenseLearning; since: Set<string>; own: number[] }>();
  #learned = new Set<string>();
  #last: StepResult | undefined;
  steps = 0;
  windows = 0;

  join(name: string): void {
    const learning = new DenseLearning(definition);
    if (this.#last === undefined) learning.clear();
    else learning.adopt(this.#last);
    this.#members.set(name, { learning, since: new Set(), own: [] });
  }

  /** What it has learned since the last step is gone. */
  kill(name: string): void {
    this.#members.delete(name);
  }

  /** Partition i is the member's i mod n. */
  meet(): void {
    const names = [...this.#members.keys()].sort();
    if (names.length === 0) return;
    const members = names.map((name) => this.#members.get(name)!);
    const result = reduced(
      members.map(({ learning }) => learning),
      ++this.steps,
    );
    for (const { since } of members) {
      for (const window of since) {
        expect(this.#learned.has(window), `${window} is learned twice`).toBe(false);
        this.#learned.add(window);
      }
      since.clear();
    }
    this.#last = result;
    members.forEach((member, place) => {
      member.learning.adopt(result);
      expect(member.learning.weights).toEqual(members[0]!.learning.weights);
      member.own = partitions.filter((partition) => partition % names.length === place);
      member.learning.acquired(
        member.own.map((partition) => ({ partition, incarnation: 'log', applied: 0 })),
      );
    });
    this.#check(members[0]!.learning);
  }

  learn(name: string, which: number, length: number): void {
    const member = this.#members.get(name);
    const partition = member?.own[which % member.own.length];
    if (member === undefined || partition === undefined) return;
    const from = member.learning.coverage.offset(partition)!;
    const to = from + length;
    member.learning.learned([{ partition, from, to }], Float32Array.of(0.1, -0.1), length);
    for (let offset = from; offset < to; offset++) member.since.add(`${partition}/${offset}`);
    this.windows++;
  }

  /** A window that is covered: of a shard that was behind. */
  again(name: string, which: number): void {
    const member = this.#members.get(name);
    const partition = member?.own[which % member.own.length];
    if (member === undefined || partition === undefined) return;
    const to = member.learning.coverage.offset(partition)!;
    if (to === 0) return;
    const before = member.learning.weights.slice();
    member.learning.learned([{ partition, from: to - 1, to }], Float32Array.of(1, 1), 1);
    expect(member.learning.weights).toEqual(before);
  }

  /** What the step says that it covers is what was learned into it. */
  #check({ coverage }: DenseLearning): void {
    let covered = 0;
    for (const [partition, offset] of coverage.agreed) {
      for (let i = 0; i < offset; i++) expect(this.#learned.has(`${partition}/${i}`)).toBe(true);
      covered += offset;
    }
    expect(this.#learned.size).toBe(covered);
  }
}

describe('dense learning', () => {
  it('covers in every step exactly what was learned into it, whoever comes, goes or dies', () => {
    const action = fc.tuple(fc.nat({ max: 9 }), fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 7 }));
    let windows = 0;
    fc.assert(
      fc.property(fc.array(action, { minLength: 60, maxLength: 150 }), (actions) => {
        const world = new World();
        world.join('a');
        world.meet();
        for (const [kind, name, amount] of actions) {
          if (kind === 0) world.join(name);
          else if (kind === 1 && amount < 3) world.kill(name);
          else if (kind <= 3) world.meet();
          else if (kind === 4) world.again(name, amount);
          else world.learn(name, amount, 1 + (amount % 3));
        }
        world.meet();
        windows += world.windows;
      }),
    );
    expect(windows).toBeGreaterThan(500);
  });

  it('of one trainer goes on bit for bit over steps, wherever they fall', () => {
    const gradient = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(gradient, fc.boolean())), (windows) => {
        const [meeting, alone] = [new DenseLearning(definition), new DenseLearning(definition)];
        for (const each of [meeting, alone]) {
          each.acquired([{ partition: 0, incarnation: 'log', applied: 0 }]);
        }
        windows.forEach(([values, meet], i) => {
          const range = { partition: 0, from: i * 8, to: (i + 1) * 8 };
          for (const each of [meeting, alone]) each.learned([range], Float32Array.from(values), 13);
          if (meet) meeting.adopt(reduced([meeting], i + 1));
        });
        expect(meeting.weights).toEqual(alone.weights);
      }),
    );
  });

  it('takes up a partition that no step covers where the shards are, and wants a step that does', () => {
    const learning = new DenseLearning(definition);
    const acquired = [{ partition: 2, incarnation: 'log', applied: 40 }];
    learning.acquired(acquired);
    expect(learning.coverage.offset(2)).toBe(40);
    expect(learning.coverage.incomplete).toBe(true);
    const result = reduced([learning], 1);
    learning.adopt(result);
    expect(learning.coverage.incomplete).toBe(false);

    // A restart is where the step says; in another log its offsets say nothing.
    const restarted = new DenseLearning(definition);
    restarted.adopt(result);
    restarted.acquired([{ ...acquired[0]!, applied: 90 }]);
    expect(restarted.coverage.offset(2)).toBe(40);
    restarted.acquired([{ partition: 2, incarnation: 'another log', applied: 3 }]);
    expect(restarted.coverage.offset(2)).toBe(3);
    expect(restarted.coverage.incomplete).toBe(true);
    const next = reduced([restarted], 2);
    restarted.adopt(next);
    expect(restarted.coverage.agreed).toEqual(new Map([[2, 3]]));
  });

  it('refuses a window that leaves something out', () => {
    const learning = new DenseLearning(definition);
    learning.acquired([{ partition: 0, incarnation: 'log', applied: 10 }]);
    const learn = (from: number, to: number) => () =>
      learning.learned([{ partition: 0, from, to }], undefined, 0);
    expect(learn(12, 14)).toThrow('learned up to 10, the window has [12, 14)');
    expect(learn(9, 11)).toThrow('learned up to 10');
    expect(learn(10, 11)).not.toThrow();
  });
});

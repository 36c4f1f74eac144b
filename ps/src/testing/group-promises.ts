// What a group must keep to, whatever happens: what was told once stays so, and a result is made of what it says.
import assert from 'node:assert/strict';
import type { GroupAnswer } from '../core/group-events.ts';
import type { Contribution, ReducedPart } from '../core/group-reduce.ts';
import type { Identity, ResultHead } from '../core/group-state.ts';

/** Of one group, over its life. */
export class GroupPromises {
  /** What anybody was ever told, by step and by generation. */
  readonly #results = new Map<number, string>();
  readonly #generations = new Map<number, string>();

  /**
   * A generation has one list of members, for ever, and nobody hears of it before it is on the disk.
   * @param durable the generation on the disk.
   */
  generation(generation: number, members: readonly string[], durable: number): void {
    const text = members.join();
    assert.equal(this.#generations.get(generation) ?? text, text, `generation ${generation} has two lists`);
    this.#generations.set(generation, text);
    assert(durable >= generation, `generation ${generation} is not on the disk`);
  }

  /** A step has one result, for its members, and nobody hears of it before it is on the disk. @param stored there. */
  result(
    { head, completed }: Extract<GroupAnswer, { kind: 'result' }>,
    { incarnation }: Identity,
    stored: string | undefined,
  ): void {
    assert(stored !== undefined, `the result of step ${head.step} was told and is not on the disk`);
    if (completed !== undefined) assert.equal(textOf(completed.parts), stored);
    assert.equal(this.#results.get(head.step) ?? stored, stored, `two results of step ${head.step}`);
    this.#results.set(head.step, stored);
    assert(
      head.members.some((member) => member.incarnation === incarnation),
      `${incarnation} got a step that it was not part of`,
    );
  }
}

/** Every member of the generation contributed to this step in this generation, and nobody else. */
export function checkMadeOf(head: ResultHead, parts: readonly ReducedPart[]): void {
  const told = [...new BigUint64Array(parts[0]!.value.slice().buffer)];
  const members = head.members.map(({ incarnation }) => numberOf(incarnation));
  const wanted = members.flatMap((member) => [member, BigInt(head.generation), BigInt(head.step)]);
  assert.deepEqual(told, wanted, 'a result mixes members, generations or steps');
}

/** Says in its parts who made it, and for what. */
export function contributionOf(
  member: Identity,
  generation: number,
  step: number,
  attempt: number,
): Contribution {
  const own = BigUint64Array.of(numberOf(member.incarnation), BigInt(generation), BigInt(step));
  const drift = Float32Array.of(attempt / 3);
  return {
    parts: [
      { name: 'who', type: 'u64', reduce: 'concat', bytes: own.byteLength },
      { name: 'drift', type: 'f32', reduce: 'mean', bytes: drift.byteLength },
    ],
    values: [new Uint8Array(own.buffer), new Uint8Array(drift.buffer)],
  };
}

function numberOf(incarnation: string): bigint {
  return BigInt(incarnation.slice(1));
}

export function textOf(parts: readonly ReducedPart[]): string {
  return parts.map(({ value }) => Buffer.from(value).toString('hex')).join('/');
}

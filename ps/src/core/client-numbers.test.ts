import { WeirError } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientNumbers } from './client-numbers.ts';
import { REFUSALS_KEPT_MAX } from './limits.ts';

const of = (number: number, id = 'trainer-1', incarnation = 'i1') => ({ id, incarnation, number });
const refusal = (message: string) =>
  new WeirError('NOT_FINITE', message, { table: 'default/doc', keyIndex: 3 }).toDetail();

describe('ClientNumbers', () => {
  it('admits numbers from 1 on without a gap', () => {
    const numbers = new ClientNumbers();
    expect(numbers.admit(of(2))).toEqual({ kind: 'gap', expected: 1 });
    expect(numbers.admit(of(0))).toEqual({ kind: 'gap', expected: 1 });
    expect(numbers.admit(of(1))).toEqual({ kind: 'accepted' });
    expect(numbers.admit(of(2))).toEqual({ kind: 'accepted' });
    expect(numbers.admit(of(4))).toEqual({ kind: 'gap', expected: 3 });
  });

  it('counts apart for each client and each of its incarnations', () => {
    const numbers = new ClientNumbers();
    for (const client of [of(1), of(1, 'trainer-2'), of(1, 'trainer-1', 'i2'), of(1, 'trainer-1i', '1')]) {
      expect(numbers.admit(client)).toEqual({ kind: 'accepted' });
    }
    expect(numbers.size).toBe(4);
  });

  it('tells a duplicate that is still to be logged from one that is done', () => {
    const numbers = new ClientNumbers();
    numbers.admit(of(1));
    expect(numbers.admit(of(1))).toEqual({ kind: 'duplicate', pending: true, refusal: undefined });
    expect(numbers.last(of(1))).toBe(0);
    numbers.logged(of(1));
    expect(numbers.admit(of(1))).toEqual({ kind: 'duplicate', pending: false, refusal: undefined });
    expect(numbers.last(of(1))).toBe(1);
  });

  it('answers the duplicate of a refused push with the refusal', () => {
    const numbers = new ClientNumbers();
    numbers.logged(of(1));
    numbers.logged(of(2), refusal('row 3'));
    expect(numbers.admit(of(2))).toEqual({ kind: 'duplicate', pending: false, refusal: refusal('row 3') });
    expect(numbers.admit(of(1))).toMatchObject({ refusal: undefined });
    const restored = ClientNumbers.restore(numbers.snapshot());
    expect(restored.admit(of(2))).toEqual({ kind: 'duplicate', pending: false, refusal: refusal('row 3') });
  });

  it('keeps a bounded number of refusals a client, the latest', () => {
    const numbers = new ClientNumbers();
    for (let number = 1; number <= REFUSALS_KEPT_MAX + 1; number++)
      numbers.logged(of(number), refusal(`${number}`));
    expect(numbers.admit(of(1))).toMatchObject({ kind: 'duplicate', refusal: undefined });
    expect(numbers.admit(of(2))).toMatchObject({ refusal: { message: '2' } });
    expect(numbers.admit(of(REFUSALS_KEPT_MAX + 1))).toMatchObject({
      refusal: { message: `${REFUSALS_KEPT_MAX + 1}` },
    });
  });

  it('frees withdrawn numbers, from the newest on, never one that is logged', () => {
    const numbers = new ClientNumbers();
    for (const number of [1, 2, 3]) numbers.admit(of(number));
    numbers.logged(of(1));
    expect(() => numbers.withdraw(of(2))).toThrow('not the last one admitted');
    numbers.withdraw(of(3));
    numbers.withdraw(of(2));
    expect(() => numbers.withdraw(of(1))).toThrow('not the last one admitted');
    expect(numbers.admit(of(2))).toEqual({ kind: 'accepted' });
  });

  it('stores what is logged alone: a number lost in a crash is accepted again', () => {
    const numbers = new ClientNumbers();
    numbers.admit(of(1));
    numbers.logged(of(1));
    numbers.admit(of(2));
    numbers.admit(of(1, 'only-admitted'));
    const restored = ClientNumbers.restore(numbers.snapshot());
    expect(restored.size).toBe(1);
    expect(restored.admit(of(2))).toEqual({ kind: 'accepted' });
  });

  it('comes to the same state from any snapshot and the log from any earlier point on', () => {
    const entry = fc.record({ client: fc.constantFrom('a', 'b', 'c'), refused: fc.boolean() });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), fc.nat(), fc.nat(), (entries, a, b) => {
        const counts = new Map<string, number>();
        const log = entries.map(({ client, refused }, i) => {
          counts.set(client, (counts.get(client) ?? 0) + 1);
          return { client: of(counts.get(client)!, client), error: refused ? refusal(`${i}`) : undefined };
        });
        const [from, taken] = [a % (log.length + 1), b % (log.length + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        const whole = new ClientNumbers();
        let snapshot = whole.snapshot();
        for (const [i, { client, error }] of log.entries()) {
          whole.logged(client, error);
          if (i + 1 === taken) snapshot = whole.snapshot();
        }
        const recovered = ClientNumbers.restore(snapshot);
        for (const { client, error } of log.slice(from)) recovered.logged(client, error);
        expect(recovered.snapshot()).toEqual(whole.snapshot());
      }),
    );
  });

  it('finds a flipped bit in what was stored', () => {
    const numbers = new ClientNumbers();
    numbers.logged(of(1), refusal('x'));
    const stored = numbers.snapshot();
    for (let at = 0; at < stored.length; at++) {
      const flipped = Uint8Array.from(stored);
      flipped[at]! ^= 4;
      expect(() => ClientNumbers.restore(flipped)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }
  });
});

// Random pushes, merged as it comes, at a shard that loses answers, is overloaded, refuses some, breaks connections and
// turns streams away; callers give up at random and go on by what the error says. Every push counts once or not at all.
// WEIR_SEED replays the choices; what overlaps in time may differ.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import { expect, it } from 'vitest';
import { connect, OutcomeUnknownError, type PushResult } from './index.ts';
import { randomFrom } from './testing/random.ts';
import { type Script, ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

const SEED = Number(process.env.WEIR_SEED ?? Date.now() % 1_000_000);
const KEYS = 500;
/** A push with this key is refused. */
const POISON = 10_000n;
const CALLERS = 40;
const PUSHES = 25;

it(`counts every push once or, when it says so, not at all (WEIR_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  const upTo = (max: number): number => Math.floor(random() * max);
  const shard = new ScriptedShard('a');
  await shard.listen();
  const port = Number(shard.address.split(':')[1]);
  shard.routing = scriptedRouting(1, [shard], () => 0);
  shard.script = (_, keys): Script => {
    const keyIndex = keys.indexOf(POISON);
    if (keyIndex >= 0) return new WeirError('NOT_FINITE', 'NaN', { table: 'uid-sums', keyIndex });
    const draw = upTo(100);
    if (draw < 4) return 'lose';
    if (draw < 8) return new WeirError('OVERLOADED', 'full', { retryAfterMs: 1 });
    return 'apply';
  };

  await using weir = await connect({
    seeds: [shard.address],
    clientId: 'test',
    batchRows: 1 + upTo(1_000),
    lingerMs: upTo(2) * 2,
    inFlightBytesMax: 1 + upTo(40_000),
  });
  const table = await weir.table('sums');
  const expected = new Map<bigint, number>();
  const outcomes = new Map<string, number>();
  const count = (outcome: string): void => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };

  const pushOnce = async (): Promise<void> => {
    const keys = BigUint64Array.from({ length: 1 + upTo(random() < 0.1 ? 2_000 : 20) }, () =>
      BigInt(upTo(KEYS)),
    );
    const poisoned = random() < 0.05;
    if (poisoned) keys[keys.length - 1] = POISON;
    const values = Float32Array.from(keys, () => 1 + upTo(3));
    const options = random() < 0.3 ? { timeoutMs: 1 + upTo(20) } : {};
    const fresh = (): Promise<PushResult> => table.push(keys, values, options);
    for (let push = fresh; ; ) {
      try {
        await push();
        break;
      } catch (error) {
        if (!(error instanceof WeirError)) throw error;
        count(error.code);
        if (error.code === 'NOT_FINITE') expect([poisoned, error.keyIndex]).toEqual([true, keys.length - 1]);
        if (error instanceof OutcomeUnknownError) push = () => error.retry({ timeoutMs: 1 + upTo(50) });
        else if (error.code !== 'PERMISSION_DENIED') return;
        else {
          // Nothing of it was applied.
          push = fresh;
          await sleep(2);
        }
      }
    }
    expect(poisoned).toBe(false);
    count('applied');
    keys.forEach((key, i) => {
      expected.set(key, (expected.get(key) ?? 0) + values[i]!);
    });
  };
  const callers = Array.from({ length: CALLERS }, async () => {
    for (let i = 0; i < PUSHES; i++) await pushOnce();
  });
  let done = false;
  const trouble = (async () => {
    while (!done) {
      const before = shard.pushes.length;
      while (!done && shard.pushes.length < before + 30) await new Promise(setImmediate);
      if (random() < 0.5) shard.turnsAway = new WeirError('PERMISSION_DENIED', 'not now');
      shard.die();
      await shard.listen(port);
      setTimeout(() => {
        shard.turnsAway = undefined;
      }, 20);
    }
  })();
  await Promise.all(callers);
  done = true;
  await trouble;
  await weir.close();
  shard.die();

  expect(shard.sums).toEqual(expected);
  expect(shard.gaps).toEqual([]);
  expect(outcomes.get('applied')).toBeGreaterThan((CALLERS * PUSHES) / 3);
});

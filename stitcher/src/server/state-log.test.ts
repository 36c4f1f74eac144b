// A partition's state that moves from folder to folder: whatever is written, whoever dies in the middle, each owner has
// what the log says, and the log stays short.
import { openMemoryStore, type Store } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import type { StreamsClient } from '@weir/streams/client';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { STATE_FAMILIES } from '../core/state-batch.ts';
import { STATE_STREAM } from '../pipeline-streams.ts';
import { type RestoredState, restoreState } from './restore-state.ts';
import { FAMILIES, partitionBound } from './state-keys.ts';
import { StateLog, type StateLogBounds } from './state-log.ts';

const PARTITIONS = 400;
const SETTINGS = 'these';
/** So small that batches are cut, and the state is carried on all the time. */
const BOUNDS: StateLogBounds = { logMin: 400, carriedMin: 30, carriedMax: 60, piece: 40 };

let client: StreamsClient;
let nextPartition = 0;

beforeAll(async () => {
  client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await client.create(STATE_STREAM, PARTITIONS);
});

type Family = keyof typeof STATE_FAMILIES;
const MOVING = Object.keys(STATE_FAMILIES).filter((name): name is Family => name !== 'meta');

type Change =
  | { readonly kind: 'put'; readonly family: Family; readonly at: number; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly family: Family; readonly at: number }
  | { readonly kind: 'range'; readonly family: Family; readonly at: number; readonly to: number };

const at = fc.nat({ max: 30 });
const family = fc.constantFrom(...MOVING);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put'),
      family,
      at,
      value: fc.uint8Array({ minLength: 1, maxLength: 60 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete'), family, at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('range'), family, at, to: at }) },
);
const act = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('step'), changes: fc.array(change, { maxLength: 8 }) }),
  },
  // The partition moves to one of three folders, or is opened again on its own.
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move'), folder: fc.nat({ max: 2 }) }) },
  // The owner dies when so many records of a step are in the log, or all and its folder has none of it.
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('die'),
      changes: fc.array(change),
      records: fc.nat({ max: 4 }),
    }),
  },
);

const keyOf = (partition: number, n: number) => Buffer.concat([partitionBound(partition), Buffer.from([n])]);

async function contents(store: Store, partition: number): Promise<string[]> {
  const found: string[] = [];
  for (const name of MOVING) {
    const range = { gte: partitionBound(partition), lt: partitionBound(partition + 1) };
    for await (const { key, value } of store.range(name, range)) {
      found.push(`${name} ${key[2]} ${Buffer.from(value).toString('hex')}`);
    }
  }
  return found.sort();
}

class Model {
  readonly #values = new Map<string, string>();

  apply(changes: readonly Change[]): void {
    for (const one of changes) {
      if (one.kind === 'put')
        this.#values.set(`${one.family} ${one.at}`, Buffer.from(one.value).toString('hex'));
      else if (one.kind === 'delete') this.#values.delete(`${one.family} ${one.at}`);
      else for (let n = one.at; n < one.to; n++) this.#values.delete(`${one.family} ${n}`);
    }
  }

  get contents(): string[] {
    return [...this.#values].map(([key, value]) => `${key} ${value}`).sort();
  }
}

interface Owner {
  readonly log: StateLog;
  readonly restored: RestoredState;
}

async function own(
  store: Store,
  partition: number,
  generation: number,
  through: StreamsClient = client,
  settings = SETTINGS,
): Promise<Owner> {
  const producer = { id: `stitcher/${partition}`, epoch: generation };
  const { signal } = new AbortController();
  const options = { client: through, store, partition, producer, settings, signal };
  const restored = await restoreState(options);
  const warn = (error: unknown) => {
    throw error;
  };
  return { restored, log: new StateLog({ ...options, restored, warn, bounds: BOUNDS }) };
}

async function step(log: StateLog, partition: number, changes: readonly Change[]): Promise<void> {
  const batch = await log.begin();
  for (const one of changes) {
    const key = keyOf(partition, one.at);
    if (one.kind === 'put') batch.put(one.family, key, one.value);
    else if (one.kind === 'delete') batch.delete(one.family, key);
    else batch.deleteRange(one.family, key, keyOf(partition, one.to));
  }
  const { stands, stored } = log.write(batch);
  await Promise.all([stands, stored]);
}

class Died extends Error {}

/** The streams as they are for a process that dies when it has appended so many records. */
function dyingClient(records: number): StreamsClient {
  let appended = 0;
  const append: StreamsClient['append'] = async (...call) => {
    if (appended++ === records) throw new Died();
    return client.append(...call);
  };
  return new Proxy(client, {
    get: (target, name) => (name === 'append' ? append : Reflect.get(target, name).bind(target)),
  });
}

const stores = () => Array.from({ length: 3 }, () => openMemoryStore({ families: FAMILIES }));

describe('state log', () => {
  it('is what every owner goes on from, whoever dies in the middle of what', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
        const partition = nextPartition++;
        const folders = stores();
        const model = new Model();
        let [folder, generation] = [0, 1];
        let owner = await own(folders[folder]!, partition, generation);
        for (const one of acts) {
          if (one.kind === 'step') {
            await step(owner.log, partition, one.changes);
            model.apply(one.changes);
            continue;
          }
          if (one.kind === 'move') folder = one.folder;
          else {
            const dying = await own(folders[folder]!, partition, ++generation, dyingClient(one.records));
            await step(dying.log, partition, one.changes).then(
              () => model.apply(one.changes),
              (error) => expect(error).toMatchObject({ cause: expect.any(Died) }),
            );
          }
          owner = await own(folders[folder]!, partition, ++generation);
          expect(await contents(folders[folder]!, partition)).toEqual(model.contents);
        }
        const empty = openMemoryStore({ families: FAMILIES });
        await own(empty, partition, ++generation);
        expect(await contents(empty, partition)).toEqual(model.contents);
      }),
      { numRuns: 80 },
    );
  });

  it('stays short, however much is written', async () => {
    const partition = nextPartition++;
    const [store] = stores();
    const { log } = await own(store!, partition, 1);
    const write = async (round: number) => {
      const value = new Uint8Array(20).fill(round % 256);
      for (let n = 0; n < 20; n++)
        await step(log, partition, [{ kind: 'put', family: 'requests', at: n, value }]);
    };
    const records = async () => {
      const { startOffset, endOffset } = (await client.endOffsets(STATE_STREAM))[partition]!;
      return endOffset - startOffset;
    };
    for (let round = 0; round < 10; round++) await write(round);
    const before = await records();
    for (let round = 0; round < 50; round++) await write(round);
    expect(await records()).toBeLessThan(2 * before);
    const [, empty] = stores();
    await own(empty!, partition, 2);
    expect(await contents(empty!, partition)).toEqual(await contents(store!, partition));
  });

  it('reads only what a folder has not seen, and everything where that has gone', async () => {
    const partition = nextPartition++;
    const [first, second] = stores();
    const put = (n: number): Change => ({
      kind: 'put',
      family: 'requests',
      at: n % 20,
      value: new Uint8Array(50),
    });
    const a = await own(first!, partition, 1);
    for (let n = 0; n < 5; n++) await step(a.log, partition, [put(n)]);
    const b = await own(second!, partition, 2);
    expect(b.restored.readBytes).toBeGreaterThan(5 * 50);
    await step(b.log, partition, [put(6)]);
    const again = await own(first!, partition, 3);
    expect(again.restored.readBytes).toBeLessThan(2 * 60);
    for (let n = 0; n < 200; n++) await step(again.log, partition, [put(n)]);
    const late = await own(second!, partition, 4);
    expect(late.restored.readBytes).toBeGreaterThan(20 * 50);
    expect(await contents(second!, partition)).toEqual(await contents(first!, partition));
  });

  it('takes nothing of an owner whose partition has moved, and neither does its folder', async () => {
    const partition = nextPartition++;
    const [first, second] = stores();
    const change = (n: number): Change => ({
      kind: 'put',
      family: 'waiting',
      at: n,
      value: new Uint8Array(5),
    });
    const old = await own(first!, partition, 1);
    await step(old.log, partition, [change(1)]);
    await own(second!, partition, 2);
    const before = await client.endOffsets(STATE_STREAM);
    await expect(step(old.log, partition, [change(2)])).rejects.toMatchObject({ code: 'FENCED' });
    expect(await client.endOffsets(STATE_STREAM)).toEqual(before);
    expect(await contents(first!, partition)).toEqual(await contents(second!, partition));
    await expect(own(first!, partition, 1)).rejects.toMatchObject({ code: 'FENCED' });
  });

  it('is not gone on with under other settings', async () => {
    const partition = nextPartition++;
    const [first, second] = stores();
    const { log } = await own(first!, partition, 1);
    await step(log, partition, []);
    await expect(own(second!, partition, 2, client, 'others')).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
  });
});

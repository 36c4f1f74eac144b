import { type Cluster, startCluster } from '@weir/ps/testing';
import { connect, type Weir } from '@weir/sdk';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runProgram } from '../program.ts';

let cluster: Cluster;
let weir: Weir;
beforeAll(async () => {
  cluster = await startCluster({ shards: 2 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

async function output(...argv: string[]): Promise<string> {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    expect(await runProgram([...argv, '--seeds', cluster.seeds.join()])).toBeUndefined();
  } finally {
    write.mockRestore();
  }
  return written.join('');
}

it('says which step waits for whom, and since when', async () => {
  const a = await weir.group('trainers', { member: 'a' });
  await a.sync(1, []);
  const b = await weir.group('trainers', { member: 'b' });
  for await (const { members } of a.changes()) if (members.length === 2) break;
  const waiting = a.sync(2, []);
  while ((await weir.group('trainers').describe()).waitingFor.length === 0);
  const described = JSON.parse(await output('group', 'describe', 'trainers', '--json'));
  expect(described).toMatchObject({
    group: 'trainers',
    generation: 2,
    next_step: 2,
    waiting_for: ['b'],
    members: [
      { name: 'a', contributed: true, lease_ms: 10_000 },
      { name: 'b', contributed: false, contributed_ms: null },
    ],
    last_result: { step: 1, generation: 1, bytes: 0 },
  });
  const text = await output('group', 'describe', 'trainers', '--once');
  expect(text).toMatch(/step 2 has waited for \d+\.\d s, for: b/);
  expect(text).toMatch(/^b +missing +\d+\.\d s of 10\.0 s +none$/m);
  await b.sync(2, []);
  await waiting;
  expect(await output('group', 'describe', 'trainers', '--once')).toContain('step 3: nobody waits');
});

// Every RPC of every service against hostile messages, over raw HTTP/2.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attackRpc } from './fuzz/attack-rpc.ts';
import { MESSAGES, replayCommand } from './fuzz/random.ts';
import { framed, RawCaller } from './fuzz/raw-call.ts';
import { COMMON_RPCS, RPCS, type Rpc, type Server, serviceOf } from './fuzz/rpcs.ts';
import { startVictims, type Victims } from './fuzz/victims.ts';
import { Watch } from './fuzz/watch.ts';

/** What a process may have grown by when an RPC has taken all its messages: heaps that were never collected, caches, tables made. */
const GROWTH_BYTES_MAX = 512 * 1024 * 1024;
/** Of one RPC, on a busy machine; on a quiet one it takes some seconds. */
const ATTACK_MS_MAX = 300_000;

let victims: Victims;

beforeAll(async () => {
  process.stdout.write(`${replayCommand}\n`);
  victims = await startVictims();
});
afterAll(() => victims?.[Symbol.asyncDispose]());

async function requireDefended(server: Server, rpc: Rpc): Promise<void> {
  const process = victims.processes[server];
  await using watch = await Watch.begin(process);
  const tally = await attackRpc(process.listen, rpc, MESSAGES);
  expect(Object.fromEntries(tally.faults), `${rpc.path}, ${replayCommand}`).toEqual({});
  expect(watch.faults).toEqual([]);
  expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
  if (globalThis.process.env.WEIR_FUZZ_SHOW !== undefined) {
    console.log(
      rpc.path,
      Object.fromEntries(tally.outcomes),
      `${Math.round(watch.slowestMs)} ms`,
      Math.round((await watch.grownBytes()) / 2 ** 20),
    );
  }
}

it.each(Object.keys(RPCS) as Server[])('%s serves no service that is not attacked', async (server) => {
  const caller = new RawCaller(victims.processes[server].listen);
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const { answer } = await caller.call({ path, data: [framed(Buffer.of(0x3a, 0))], silenceMs: 10_000 });
  caller.close();
  const served = answer.toString('latin1').match(/(?:weir|grpc)(?:\.[A-Za-z0-9]+)+/g);
  const attacked = RPCS[server].map(serviceOf);
  expect(new Set(served)).toEqual(new Set(attacked));
});

for (const server of Object.keys(RPCS) as Server[]) {
  describe(server, () => {
    it.each(RPCS[server].map((rpc) => [rpc.path, rpc] as const))(
      '%s',
      (_, rpc) => requireDefended(server, rpc),
      ATTACK_MS_MAX,
    );
  });
}

describe('every server', () => {
  it.each(COMMON_RPCS.map((rpc) => [rpc.path, rpc] as const))(
    '%s',
    (_, rpc) => requireDefended('ps', rpc),
    ATTACK_MS_MAX,
  );
});

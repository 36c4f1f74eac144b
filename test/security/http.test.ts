// Every HTTP route of every process against hostile requests in raw bytes.
import { fileURLToPath } from 'node:url';
import { spawnService } from '@weir/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attackHttp } from './fuzz/attack-http.ts';
import { findRoutes, type HttpRoute, liveRoutes, VALID_BODIES } from './fuzz/http-routes.ts';
import { MESSAGES, replayCommand } from './fuzz/random.ts';
import { startVictims, VICTIMS, type Victims } from './fuzz/victims.ts';
import { residentBytes, Watch } from './fuzz/watch.ts';

const LIVE = fileURLToPath(new URL('./fuzz/live-process.ts', import.meta.url));
const GROWTH_BYTES_MAX = 384 * 1024 * 1024;

let victims: Victims;

beforeAll(async () => {
  process.stdout.write(`${replayCommand}\n`);
  victims = await startVictims();
});
afterAll(() => victims?.[Symbol.asyncDispose]());

async function requireRefused(routes: readonly HttpRoute[]): Promise<void> {
  const faults: Record<string, string> = {};
  for (const route of routes) {
    const begun = performance.now();
    const tally = await attackHttp(route, MESSAGES);
    for (const [fault, request] of tally.faults) faults[`${route.name}, ${fault}`] = request;
    if (process.env.WEIR_FUZZ_SHOW === undefined) continue;
    console.log(route.name, Math.round(performance.now() - begun), Object.fromEntries(tally.statuses));
  }
  expect(faults, replayCommand).toEqual({});
}

it('every route refuses what is hostile with its status, and every process goes on', async () => {
  const routes = await findRoutes(victims);
  expect(routes.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(VALID_BODIES)));
  expect(routes.length).toBeGreaterThan(12);
  await using stack = new AsyncDisposableStack();
  const watches: Watch[] = [];
  for (const victim of VICTIMS) watches.push(stack.use(await Watch.begin(victims.processes[victim])));
  await requireRefused(routes);
  for (const watch of watches) {
    expect(watch.faults).toEqual([]);
    expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
  }
}, 900_000);

it('the live view likewise, whose answers never end', async () => {
  const live = await spawnService({ name: 'live', command: [LIVE] });
  await using _stopped = { [Symbol.asyncDispose]: () => live.stop() };
  const before = await residentBytes(live.pid);
  await requireRefused(liveRoutes(live.admin));
  expect((await fetch(`http://${live.admin}/`)).status).toBe(200);
  expect((await residentBytes(live.pid)) - before).toBeLessThan(GROWTH_BYTES_MAX);
}, 300_000);

// The whole loop as processes with some users and a canary, to be looked at from outside.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ServiceProcess, spawnService } from '@weir/runtime';
import { type Loop, openLoop } from '../../cli/src/local-cluster/loop.ts';
import { INSTRUMENTS_FILE, type RecordedInstrument } from './record-instruments.ts';

const RECORDER = new URL('./record-instruments.ts', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const WINDOW_MS = 1_000;
const REQUEST_INTERVAL_MS = 100;
const DOCUMENTS = ['a', 'b', 'c', 'd'];

export interface Target {
  readonly job: string;
  readonly admin: string;
}

export interface World extends AsyncDisposable {
  readonly loop: Loop;
  readonly canary: ServiceProcess;
  readonly targets: readonly Target[];
  /** Requests that users have made. */
  readonly requests: () => number;
  /** Every instrument that some service made, each once for each service. */
  instruments(): Promise<RecordedInstrument[]>;
}

/** @param report hears of services that end. */
export async function openWorld(report: (message: string) => void = () => {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-monitoring-'));
  const file = join(folder, 'instruments');
  process.env[INSTRUMENTS_FILE] = file;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import ${RECORDER}`;
  const loop = await openLoop({
    data: join(folder, 'data'),
    // Two, so that clocks and barriers are there.
    trainers: 2,
    settings: {
      model: 'lr-calibrated',
      schema: undefined,
      labels: ['click'],
      attributionMs: { click: WINDOW_MS },
      policy: 'wait',
      window: 4,
      deterministic: false,
      freezeAfter: undefined,
    },
    report,
  });
  const { addresses } = loop.cluster;
  const { predictor, collector } = addresses;
  const canary = await spawnService({
    name: 'canary',
    command: [
      ...[MAIN, 'canary', '--predictor', predictor.listen, '--collector', collector.listen],
      ...['--interval-ms', '500', '--timeout-ms', '10000'],
    ],
  });
  const ending = new AbortController();
  let requests = 0;
  const users = useLoop(loop, ending.signal, () => requests++);
  const all = (job: string, admins: readonly { readonly admin: string }[]): Target[] =>
    admins.map(({ admin }) => ({ job: `weir-${job}`, admin }));
  return {
    loop,
    canary,
    requests: () => requests,
    targets: [
      ...all('ps', addresses.shards),
      ...all('streams', [addresses.streams]),
      ...all('collector', [collector]),
      ...all('stitcher', addresses.stitchers),
      ...all('trainer', addresses.trainers),
      ...all('predictor', [predictor]),
      ...all('canary', [canary]),
    ],
    async instruments() {
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      return [...new Set(lines)].map((line) => JSON.parse(line) as RecordedInstrument);
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await users;
      await canary.stop();
      await loop[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Users who ask over HTTP, and click on every third answer. */
async function useLoop(loop: Loop, signal: AbortSignal, onRequest: () => void): Promise<void> {
  const { predictor, collector } = await httpAddresses(loop);
  const post = async (url: string, body: unknown): Promise<void> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    });
    await response.arrayBuffer();
  };
  for (let number = 0; !signal.aborted; number++) {
    const servingId = randomUUID();
    const docs = DOCUMENTS.map((id) => ({ id, features: { doc: id } }));
    try {
      await post(`http://${predictor}/v1/rank`, { id: servingId, user: `u${number % 7}`, docs });
      onRequest();
      const event = { id: randomUUID(), type: 'click', request: servingId, doc: 'a', time: Date.now() };
      if (number % 3 === 0) await post(`http://${collector}/v1/events`, event);
    } catch {
      // A service that is down is what the suite is about.
    }
    await sleep(REQUEST_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** Each service logs where it serves HTTP. */
async function httpAddresses(loop: Loop): Promise<{ predictor: string; collector: string }> {
  const find = async (service: string): Promise<string> => {
    const log = await readFile(join(loop.run.folders.logs, `${service}.log`), 'utf8');
    const address = /"http":"([^"]+)"/.exec(log)?.[1];
    if (address === undefined) throw new Error(`${service} did not say where it serves HTTP`);
    return address;
  };
  return { predictor: await find('predictor'), collector: await find('collector') };
}

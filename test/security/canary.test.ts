// Would the attack notice a defect? Servers with one on purpose must make it fail.
import { PredictorService, RankResponse } from '@weir/proto/v1/predictor';
import { createGrpcServer } from '@weir/runtime';
import { expect, it } from 'vitest';
import { startJsonServer } from '../../runtime/src/http/json-server.ts';
import { attackHttp } from './fuzz/attack-http.ts';
import { attackRpc } from './fuzz/attack-rpc.ts';
import { RPCS } from './fuzz/rpcs.ts';

const RANK = RPCS.predictor[0]!;

async function faultsOf(
  rank: (documents: number, answer: (error: object | null) => void) => void,
  messages: number,
): Promise<string[]> {
  const server = createGrpcServer();
  server.addService(PredictorService, {
    rank: ({ request }, callback) =>
      rank(request.docIds.length, (error) =>
        error === null ? callback(null, RankResponse.decode(new Uint8Array())) : callback(error as Error),
      ),
  });
  const address = await server.bind('127.0.0.1:0');
  const { faults } = await attackRpc(address, RANK, messages);
  await server.stop(0);
  return [...faults.keys()];
}

it('a handler that answers as it should is no fault', async () => {
  expect(await faultsOf((_documents, answer) => answer(null), 240)).toEqual([]);
});

it('a plain Error is one, also where few messages cause it', async () => {
  const faults = await faultsOf(
    (documents, answer) => answer(documents > 100 ? new TypeError('x is undefined') : null),
    2_400,
  );
  expect(faults.join()).toContain('UNKNOWN');
});

it('so is an exception, and a call that is never answered', async () => {
  const thrown = await faultsOf((documents, answer) => {
    if (documents === 0) throw new TypeError('no documents');
    answer(null);
  }, 480);
  expect(thrown.join()).toContain('UNKNOWN');
  const silent = await faultsOf((documents, answer) => {
    if (documents !== 0) answer(null);
  }, 48);
  expect(silent.join()).toContain('no answer');
}, 120_000);

it('and a route that throws', async () => {
  const routes = {
    '/v1/rank': async (body: unknown) => ({ documents: (body as { docs: unknown[] }).docs.length }),
  };
  const server = await startJsonServer({
    listen: '127.0.0.1:0',
    listenFlag: '--http-listen',
    bodyBytesMax: 1024 * 1024,
    routes,
  });
  const route = {
    name: 'POST /v1/rank',
    method: 'POST',
    path: '/v1/rank',
    addresses: [server.address],
  } as const;
  const { faults } = await attackHttp(route, 240);
  await server.stop();
  expect([...faults.keys()].join()).toContain('500');
});

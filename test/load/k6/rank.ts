// Rank requests to one predictor.
import { SharedArray } from 'k6/data';
import { Client, StatusOK } from 'k6/net/grpc';
import { connection, metadata } from './identity.ts';
import { failed, now, optionsOf, succeeded } from './measures.ts';
import type { RankPayload } from './plan.ts';
import { predictorPlan } from './read-plan.ts';

const METHOD = 'weir.v1.Predictor/Rank';
const REQUESTS_OF_CLIENT = 8;

export const options = optionsOf('rank');
const { address } = predictorPlan();
const all = new SharedArray<RankPayload>('requests', () => [...predictorPlan().requests]);
const requests = Array.from(
  { length: REQUESTS_OF_CLIENT },
  (_, i) => all[(__VU * REQUESTS_OF_CLIENT + i) % all.length]!,
);
const client = new Client();
client.load([import.meta.resolve('../../../proto')], 'weir/v1/predictor.proto');

interface RankAnswer {
  readonly scores?: readonly unknown[];
}

let connected = false;

export default function (): void {
  if (!connected) client.connect(address, connection);
  connected = true;
  const request = requests[__ITER % requests.length]!;
  const begunMs = now();
  const { status, error, message } = client.invoke(METHOD, request, { metadata });
  if (status !== StatusOK) failed('rank', JSON.stringify(error));
  else if (((message as RankAnswer).scores ?? []).length === 0) failed('rank', 'an answer without scores');
  else succeeded('rank', request.docIds.length, begunMs);
}

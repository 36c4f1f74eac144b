// `POST /v1/rank`: the JSON form of Rank. A request is written as in a replay file (docs/replay-format.md).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeFeatureBlock, type FeatureValues } from '@weir/model';
import { floatsFromBytes, u32FromBytes, WeirError } from '@weir/proto';
import type { RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { formatHostPort, httpStatusOf, listenError, parseHostPort, readJsonBody } from '@weir/runtime';
import { z } from 'zod';
import { HTTP_BODY_BYTES_MAX } from './limits.ts';

const features = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]));
const rankBody = z.strictObject({
  id: z.string().default(''),
  time: z.number().int().nonnegative().default(0),
  user: z.string().default(''),
  scene: z.string().default(''),
  context: features.default({}),
  docs: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        features: features.default({}),
        exposure: features.default({}),
      }),
    )
    .min(1),
});

export type Rank = (request: RankRequest) => Promise<RankResponse>;

/** Resolves with the server and the address bound. WeirError CONFIGURATION if it cannot listen. */
export async function startHttp(listen: string, rank: Rank): Promise<{ server: Server; address: string }> {
  const server = createServer((request, response) => {
    answer(request, response, rank).catch((thrown: unknown) => {
      const error = WeirError.from(thrown);
      send(response, httpStatusOf(error.code), { error: { code: error.code, message: error.message } });
    });
  });
  const wanted = parseHostPort(listen)!;
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(listen, '--http-listen', error)));
    server.listen(wanted.port, wanted.host, () => resolve((server.address() as AddressInfo).port));
  });
  return { server, address: formatHostPort({ host: wanted.host, port }) };
}

async function answer(request: IncomingMessage, response: ServerResponse, rank: Rank): Promise<void> {
  if (request.method !== 'POST' || request.url?.split('?', 1)[0] !== '/v1/rank') {
    return send(response, 404, {
      error: { code: 'NOT_FOUND', message: 'only POST /v1/rank is served here' },
    });
  }
  const rankRequest = toRankRequest(await readJsonBody(request, HTTP_BODY_BYTES_MAX));
  send(response, 200, toJson(rankRequest, await rank(rankRequest)));
}

/** @throws WeirError INVALID_ARGUMENT naming the field. */
export function toRankRequest(body: unknown): RankRequest {
  const parsed = rankBody.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new WeirError(
      'INVALID_ARGUMENT',
      `rank request: ${issue.path.join('.') || 'body'}: ${issue.message}`,
    );
  }
  const { id, time, user, scene, context, docs } = parsed.data;
  return {
    servingId: id,
    timeMs: time,
    user,
    scene,
    docIds: docs.map((doc) => doc.id),
    features: encodeFeatureBlock({ context: context as FeatureValues, docs }),
  };
}

function toJson(request: RankRequest, response: RankResponse): unknown {
  const scores = response.scores.map(({ label, values }) => [label, [...floatsFromBytes(values)]]);
  return {
    id: response.servingId,
    scores: Object.fromEntries(scores),
    order: Array.from(u32FromBytes(response.order), (index) => request.docIds[index]),
    model_version: {
      static_hash: response.modelVersion?.staticHash,
      schema_fingerprint: response.modelVersion?.schemaFingerprint,
      table_set: response.modelVersion?.tableSet,
    },
    fallbacks: {
      pulled_rows: response.fallbacks?.pulledRows,
      prior_rows: response.fallbacks?.priorRows,
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

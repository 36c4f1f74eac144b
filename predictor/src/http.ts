// `POST /v1/rank`: the JSON form of Rank. A request is written as in a replay file (docs/replay-format.md).
import { encodeFeatureBlock, type FeatureValues } from '@weir/model';
import { floatsFromBytes, u32FromBytes, WeirError } from '@weir/proto';
import type { RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { type JsonServer, type ListenerSecurity, startJsonServer } from '@weir/runtime';
import { z } from 'zod';
import { HTTP_BODY_BYTES_MAX } from './limits.ts';

const features = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]));
const rankBody = z.strictObject({
  kind: z.literal('request').optional(),
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

/** @throws WeirError CONFIGURATION if it cannot listen. */
export function startHttp(listen: string, security: ListenerSecurity, rank: Rank): Promise<JsonServer> {
  const answer = async (body: unknown): Promise<unknown> => {
    const request = toRankRequest(body);
    return toJson(request, await rank(request));
  };
  const routes = { '/v1/rank': answer };
  return startJsonServer({
    listen,
    listenFlag: '--http-listen',
    security,
    bodyBytesMax: HTTP_BODY_BYTES_MAX,
    routes,
  });
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
      dense_step: response.modelVersion?.denseStep,
    },
    fallbacks: {
      pulled_rows: response.fallbacks?.pulledRows,
      prior_rows: response.fallbacks?.priorRows,
    },
    experiment_buckets: response.experimentBuckets,
  };
}

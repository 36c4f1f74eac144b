// One request on its way through the loop, as its trace tells it: from `Rank` to the weights that it changed on every shard,
// and to the next answer that used them.
import type { JaegerSpan, SpanRef } from '../tools/jaeger-api.ts';
import type { SpanMatch, Spans } from './spans.ts';

export interface FollowedRequest {
  readonly rank: JaegerSpan;
  readonly featureLog: JaegerSpan;
  readonly stitch: JaegerSpan;
  readonly train: JaegerSpan;
  readonly push: JaegerSpan;
  /** One for each shard. */
  readonly shardPushes: readonly JaegerSpan[];
  readonly applied: readonly JaegerSpan[];
  readonly delta: JaegerSpan;
  readonly deltaApplied: JaegerSpan;
  /** Of another request, which used a changed row. */
  readonly nextRank: JaegerSpan;
}

const RANK = 'weir.v1.Predictor/Rank';
const APPEND = 'weir.v1.Streams/Append';
const PUSH = 'weir.v1.ParameterServer/Push';

/** Requests whose every stage has a span, children below their parents. */
export function followedRequests(spans: Spans, shards: number): FollowedRequest[] {
  return spans
    .matching({ name: RANK, kind: 'server', service: 'weir-predictor' })
    .flatMap((rank) => follow(spans, rank, shards) ?? []);
}

/** How far the requests of this run were followed: for the words of a failure. */
export function stagesSeen(spans: Spans): Readonly<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const { kind, name, service } of spans.all) {
    const key = `${service}: ${kind} ${name}`;
    seen[key] = (seen[key] ?? 0) + 1;
  }
  return seen;
}

function follow(spans: Spans, rank: JaegerSpan, shards: number): FollowedRequest | undefined {
  const below = (parent: SpanRef, name: string, kind: string, service: string): JaegerSpan[] =>
    spans.children(parent, { name, kind, service } satisfies SpanMatch);
  const paths = below(rank, 'append features', 'producer', 'weir-predictor').flatMap((featureLog) =>
    below(featureLog, 'stitch', 'consumer', 'weir-stitcher').flatMap((stitch) =>
      below(stitch, 'train window', 'consumer', 'weir-trainer').flatMap((train) =>
        below(train, 'push', 'internal', 'weir-trainer').map((push) => ({ featureLog, stitch, train, push })),
      ),
    ),
  );
  for (const path of paths) {
    const sent = below(path.push, PUSH, 'client', 'weir-trainer');
    const shardPushes = sent.flatMap((call) => below(call, PUSH, 'server', 'weir-ps'));
    if (new Set(shardPushes.map(({ resource }) => resource['process.pid'])).size !== shards) continue;
    const applied = shardPushes.flatMap((push) => below(push, 'apply', 'internal', 'weir-ps'));
    const deltas = shardPushes.flatMap((push) => below(push, 'delta', 'producer', 'weir-ps'));
    for (const delta of deltas) {
      for (const deltaApplied of below(delta, 'apply delta', 'consumer', 'weir-predictor')) {
        const nextRank = spans
          .linkingTo(deltaApplied)
          .find(({ name, traceId }) => name === RANK && traceId !== rank.traceId);
        if (nextRank !== undefined) {
          return { rank, ...path, shardPushes, applied, delta, deltaApplied, nextRank };
        }
      }
    }
  }
  return undefined;
}

/** Whether a call took it to the streams service: below it, or for several of its kind, below the first and linked to it. */
export function isAppended(spans: Spans, producer: SpanRef): boolean {
  const calls = spans.children(producer, { name: APPEND, kind: 'client' });
  const shared = spans.linkingTo(producer).filter(({ name, kind }) => name === APPEND && kind === 'client');
  return [...calls, ...shared].some(
    (call) => spans.children(call, { name: APPEND, kind: 'server', service: 'weir-streams' }).length > 0,
  );
}

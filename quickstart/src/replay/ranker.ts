// Sends rank requests to the predictor, a bounded number at a time.
import { Metadata } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { PredictorClient, type RankRequest, type RankResponse } from '@weir/proto/v1/predictor';
import type { RequestRecord } from '../formats/record.ts';
import { RANKS_IN_FLIGHT } from '../limits.ts';
import { PLAIN, tracedChannel, unary } from './channel.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface Ranker {
  /**
   * Resolves when a place is free and no request of this id is in flight: of two, the first in the input must be the
   * first that is logged, or which of them is the duplicate were chance.
   */
  ready(servingId: string): Promise<void>;
  /**
   * Repeated under the same id and time until it is answered; under `before_answer` it is logged then.
   * @returns the answer, or why the predictor refused the request itself
   * @throws WeirError when no answer came, or the predictor cannot serve such requests at all.
   */
  rank(request: RequestRecord): Promise<RankResponse | WeirError>;
  close(): void;
}

export function createRanker(predictor: string, signal: AbortSignal): Ranker {
  const client = new PredictorClient(predictor, PLAIN, tracedChannel(predictor, PLAIN));
  const inFlight = new Set<string>();
  let wake: (() => void) | undefined;
  return {
    async ready(servingId) {
      while (inFlight.size >= RANKS_IN_FLIGHT || inFlight.has(servingId)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async rank(request) {
      inFlight.add(request.servingId);
      const message: RankRequest = {
        servingId: request.servingId,
        timeMs: request.timeMs,
        user: request.user,
        scene: request.scene,
        docIds: request.docIds as string[],
        features: request.features,
      };
      try {
        return await untilAcknowledged(
          () => unary<RankResponse>((options, done) => client.rank(message, new Metadata(), options, done)),
          signal,
        );
      } catch (error) {
        if (error instanceof WeirError && error.code === 'INVALID_ARGUMENT') return error;
        throw error;
      } finally {
        inFlight.delete(request.servingId);
        wake?.();
      }
    },
    close: () => client.close(),
  };
}

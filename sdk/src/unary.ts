// One unary call at one server, inside a scope.
import { type CallOptions as GrpcCallOptions, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { CallScope } from './call-scope.ts';
import { decide, delay } from './retry.ts';

export type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<GrpcCallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => { cancel(): void };

/** One try. Rejects with a WeirError: the scope's own when the scope ended, else the server's or gRPC's. */
export function callOnce<Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  metadata: Metadata,
  scope: CallScope,
  where: string,
  timeoutMs = Number.POSITIVE_INFINITY,
): Promise<Response> {
  scope.throwIfEnded();
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + Math.min(timeoutMs, scope.remainingMs);
    const call = method(request, metadata, { deadline }, (error, response) => {
      off();
      if (error === null) resolve(response);
      else if (scope.ended) reject(scope.error(where));
      else reject(withPlace(error, where));
    });
    const off = scope.onEnd(() => call.cancel());
  });
}

/**
 * Tries until it works, fails for good, or the scope ends; then the last failure is the error's cause.
 * @param unreachable called after each try that reached nobody.
 */
export async function withRetries<T>(
  scope: CallScope,
  where: string,
  attempt: () => Promise<T>,
  unreachable: () => void = () => {},
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (scope.ended || decide(error) === 'fail') throw error;
      if (error.code === 'UNAVAILABLE') unreachable();
      await scope.sleep(delay(tries, error.retryAfterMs, Math.random()));
      if (scope.ended) throw scope.error(`${where} (last: ${error.message})`, { cause: error });
    }
  }
}

function withPlace(error: ServiceError, where: string): WeirError {
  const known = WeirError.from(error);
  if (known.cause === undefined) return known;
  // A bare status: gRPC's text alone does not say which server it was.
  return new WeirError(known.code, `${where}: ${status[error.code]}: ${error.details}`, { cause: error });
}

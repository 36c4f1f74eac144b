// One attempt of a call with one answer.
import { type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { Channel } from './channel.ts';
import type { RetryScope } from './retry.ts';

/** Rejects with a WeirError: the server's, or gRPC's with the address in its message. */
export function callOnce<Request, Response>(
  { stub, address, metadata }: Channel,
  method: Pick<MethodDefinition<Request, Response>, 'path' | 'requestSerialize' | 'responseDeserialize'>,
  request: Request,
  scope: RetryScope,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + Math.max(1, scope.deadlineMs - performance.now());
    const answered = (error: ServiceError | null, response?: Response): void => {
      scope.signal.removeEventListener('abort', cancel);
      if (error === null) resolve(response as Response);
      else reject(callError(error, `${scope.what} at ${address}`));
    };
    const call = stub.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline },
      answered,
    );
    const cancel = (): void => call.cancel();
    scope.signal.addEventListener('abort', cancel);
  });
}

/** A failed call's error; a bare status alone would not say which server it was. */
export function callError(error: unknown, where: string): WeirError {
  const known = WeirError.from(error);
  if (!isServiceError(error) || known.cause === undefined) return known;
  return new WeirError(known.code, `${where}: ${status[error.code]}: ${error.details}`, { cause: error });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

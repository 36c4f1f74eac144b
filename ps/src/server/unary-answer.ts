// Answers to unary calls: what a method returns, or its error in the form that travels. Defects are logged.
import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';

export type UnaryAnswer = <Request, Response>(
  answer: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
) => handleUnaryCall<Request, Response>;

export function unaryAnswer(logger: Runtime['log']): UnaryAnswer {
  return (answer) => async (call, callback) => {
    try {
      callback(null, await answer(call.request, call));
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code === 'INTERNAL') logger.error({ err: thrown, method: call.getPath() }, 'a call failed');
      callback(error.toStatus());
    }
  };
}

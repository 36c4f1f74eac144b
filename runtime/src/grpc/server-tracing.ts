// A span for every unary call that is served; what its handler does belongs to it. Calls with streams have none, since
// they live as long as their connection: who serves them makes a span for each message that is a call of its own.
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import {
  beginRpc,
  endRpc,
  inSpan,
  isTraced,
  remoteContext,
  type Span,
  TRACE_PARENT,
  TRACE_STATE,
  traceParentOf,
  WeirError,
} from '@weir/proto';

export const traceServed: ServerInterceptor = ({ path, requestStream, responseStream }, call) => {
  // The call as it is costs nothing; that its type is narrower has no meaning to gRPC.
  if (requestStream || responseStream || !isTraced(path)) return call as ServerInterceptingCall;
  let span: Span | undefined;
  const end = (code: status, errorType?: string): void => {
    if (span !== undefined) endRpc(span, 'SERVER', code, errorType);
    span = undefined;
  };
  return new ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata, pass) {
          const caller = traceParentOf(text(metadata.get(TRACE_PARENT)), text(metadata.get(TRACE_STATE)));
          span = beginRpc('SERVER', path, remoteContext(caller));
          pass(metadata);
        },
        // With the whole request here the handler is called.
        onReceiveHalfClose(pass) {
          if (span === undefined) pass();
          else inSpan(span, pass);
        },
        onCancel: () => end(status.CANCELLED),
      });
    },
    sendStatus(answer, pass) {
      end(answer.code, WeirError.codeIn(answer.metadata ?? undefined));
      pass(answer);
    },
  });
};

function text([value]: readonly (string | Buffer)[]): string | undefined {
  return value?.toString();
}

// Traces a client's unary calls: a span for each, its context in the call's metadata. Calls with streams live as long as
// their connection; who uses them makes a span for each message that is a call of its own.
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { context, isSpanContextValid } from '@opentelemetry/api';
import { WeirError } from '../weir-error.ts';
import { beginRpc, endRpc, isTraced, serverAttributes } from './rpc-spans.ts';
import { linksOf } from './spans.ts';
import { TRACE_PARENT, TRACE_STATE, traceParentText } from './trace-context.ts';

/** @param address of the server, `HOST:PORT`. */
export function tracedCalls(address: string): Interceptor {
  const attributes = serverAttributes(address);
  return (options, nextCall) => {
    const { path, requestStream, responseStream } = options.method_definition;
    const call = nextCall(options);
    // The call as it is costs nothing; that its type is narrower has no meaning to gRPC.
    if (requestStream || responseStream || !isTraced(path)) return call as InterceptingCall;
    const active = context.active();
    const span = beginRpc('CLIENT', path, active, { attributes, links: linksOf(active) });
    const own = span.spanContext();
    if (!isSpanContextValid(own)) return call as InterceptingCall;
    return new InterceptingCall(call, {
      start(metadata, _listener, next) {
        // Callers use one for all their calls.
        const traced = metadata.clone();
        traced.set(TRACE_PARENT, traceParentText(own));
        const state = own.traceState?.serialize() ?? '';
        if (state !== '') traced.set(TRACE_STATE, state);
        next(traced, {
          onReceiveStatus(status, pass) {
            const { code, metadata: trailer } = status;
            endRpc(span, 'CLIENT', code, code === 0 ? undefined : WeirError.codeIn(trailer));
            pass(status);
          },
        });
      },
    });
  };
}

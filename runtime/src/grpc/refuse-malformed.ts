// What a client does wrong below our messages is answered as its fault. grpc-js answers bytes that are no message, a bad
// timeout and a bad compression with INTERNAL, which says that the server is at fault; it takes compressed messages, of
// which a frame may hold many that grow a thousandfold each; and it passes over a message that ends in the middle.
// There is no public way to any of it, so this reads the fields inside; refuse-malformed.test.ts notices a change.
import type { ServerHttp2Stream } from 'node:http2';
import {
  type ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { travelling, WeirError } from '@weir/proto';
import { meter } from '../telemetry/meter.ts';

export const MALFORMED_REASONS = ['message', 'half_message', 'timeout', 'compressed'] as const;
type MalformedReason = (typeof MALFORMED_REASONS)[number];

interface InnerCall {
  readonly stream: ServerHttp2Stream;
  readonly incomingEncoding: string;
  /** Counts what of a frame is missing. */
  readonly decoder: { readonly readState: number };
  sendStatus(answer: Partial<StatusObject>): void;
}

/** Of the library's decoder: between two messages. */
const BETWEEN_MESSAGES = 0;

/** How the library says that a client is at fault. */
const FAULTS: readonly (readonly [start: string, reason: MalformedReason, message: string])[] = [
  ['Error deserializing request', 'message', 'the bytes are no message of the kind that this method takes'],
  ['Invalid grpc-timeout value', 'timeout', 'grpc-timeout is 1 to 8 digits and a unit'],
];

/** Watches calls and changes what the library answers to those that are malformed. */
export function refuseMalformed(): ServerInterceptor {
  const malformed = meter('weir.runtime').createCounter('grpc.server.malformed', {
    unit: '{call}',
    description: 'Calls refused for what is wrong below their messages, by reason',
  });
  return (_method, call) => {
    const inner = call as unknown as InnerCall;
    const send = inner.sendStatus.bind(inner);
    const refuse = (reason: MalformedReason, error: WeirError): void => {
      malformed.add(1, { reason });
      send(error.toStatus());
    };
    inner.sendStatus = (answer) => {
      const fault =
        answer.code === status.INTERNAL && FAULTS.find(([start]) => answer.details?.startsWith(start));
      if (fault) refuse(fault[1], new WeirError('INVALID_ARGUMENT', fault[2]));
      // Also what libraries say: health's answer has the service's name in it, however long.
      else send({ ...answer, details: travelling(answer.details ?? '') });
    };
    if (inner.incomingEncoding !== 'identity') {
      refuse(
        'compressed',
        new WeirError('UNIMPLEMENTED', 'compressed messages are not taken: send identity'),
      );
    }
    // Before the library's own listener, which takes it for the end.
    inner.stream.prependOnceListener('end', () => {
      if (inner.decoder.readState === BETWEEN_MESSAGES) return;
      refuse('half_message', new WeirError('INVALID_ARGUMENT', 'the call ended in the middle of a message'));
    });
    return call as unknown as ServerInterceptingCall;
  };
}

// JSON over HTTP: a bounded body in, an error's status out.
import type { IncomingMessage } from 'node:http';
import { status } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode, WeirError } from '@weir/proto';
import { ADMIN_BODY_BYTES_MAX, HTTP_BODIES_BYTES_MAX, HTTP_BODIES_RETRY_MS } from '../limits.ts';

/** Of bodies that are coming, over all requests of the process. */
let heldBytes = 0;

/** The parsed body; undefined if empty. WeirError INVALID_ARGUMENT if too large or not JSON; OVERLOADED. */
export async function readJsonBody(
  request: IncomingMessage,
  bytesMax = ADMIN_BODY_BYTES_MAX,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The connection stays for the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      heldBytes += chunk.length;
      if (bytes > bytesMax) throw new WeirError('INVALID_ARGUMENT', `the body exceeds ${bytesMax} bytes`);
      if (heldBytes > HTTP_BODIES_BYTES_MAX) {
        throw new WeirError('OVERLOADED', `bodies of ${HTTP_BODIES_BYTES_MAX} bytes are coming already`, {
          retryAfterMs: HTTP_BODIES_RETRY_MS,
        });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('CANCELLED', 'the caller went away before the end of its body', { cause: error });
  } finally {
    heldBytes -= bytes;
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('INVALID_ARGUMENT', `the body is not JSON: ${reason}`, { cause });
  }
}

/** The HTTP status that says what the error's gRPC status says. */
export function httpStatusOf(code: ErrorCode): number {
  switch (ERROR_CODES[code].status) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return 400;
    case status.UNAUTHENTICATED:
      return 401;
    case status.PERMISSION_DENIED:
      return 403;
    case status.NOT_FOUND:
      return 404;
    case status.ALREADY_EXISTS:
    case status.FAILED_PRECONDITION:
      return 409;
    case status.RESOURCE_EXHAUSTED:
      return 429;
    case status.UNIMPLEMENTED:
      return 501;
    case status.UNAVAILABLE:
      return 503;
    case status.DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}

// The closed list of error codes, shared by servers and SDK. docs/errors.md is generated from it.
import { status } from '@grpc/grpc-js';

/** What a code means to who gets it. */
export interface ErrorCodeInfo {
  /** gRPC status that carries it. */
  readonly status: status;
  /** Whether the same call can succeed later without a change by the caller. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What an operator or caller should do. */
  readonly advice: string;
}

const info = (code: status, retryable: boolean, meaning: string, advice: string): ErrorCodeInfo => ({
  status: code,
  retryable,
  meaning,
  advice,
});

/** Every code: what it means, what to do, whether the same call can succeed later. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: info(
    status.INVALID_ARGUMENT,
    false,
    'The request is malformed.',
    'Mend what the message names; nothing was applied.',
  ),
  TABLE_NOT_FOUND: info(
    status.NOT_FOUND,
    false,
    'No table of this name or uid on the shard.',
    'Create the table, or check its name and namespace.',
  ),
  TABLE_EXISTS: info(
    status.ALREADY_EXISTS,
    false,
    'Another table has this name.',
    'Choose another name, or drop the existing table.',
  ),
  DIMENSION_MISMATCH: info(
    status.INVALID_ARGUMENT,
    false,
    'Values are not keys x dim.',
    "Compare the sizes with the table's dim; nothing was applied.",
  ),
  NOT_FINITE: info(
    status.INVALID_ARGUMENT,
    false,
    'A value is NaN or infinite.',
    'Find the row that the error names; nothing of the push was applied.',
  ),
  PUSH_TOO_LARGE: info(
    status.INVALID_ARGUMENT,
    false,
    "A push's part for one shard exceeds PUSH_BYTES_MAX.",
    'Split the push.',
  ),
  PULL_TOO_LARGE: info(
    status.INVALID_ARGUMENT,
    false,
    'A pull exceeds PULL_BYTES_MAX.',
    'Ask for fewer keys at a time.',
  ),
  NOT_OWNER: info(
    status.FAILED_PRECONDITION,
    true,
    'The shard does not own a slot of the request.',
    'Fetch the routing table again; the SDK does so by itself.',
  ),
  SEQUENCE_GAP: info(
    status.FAILED_PRECONDITION,
    false,
    'A push number is higher than the next expected.',
    'A defect of the client, or a shard that forgot it after a day without a push: begin a new incarnation, as the SDK does by itself.',
  ),
  SOURCE_GAP: info(
    status.FAILED_PRECONDITION,
    false,
    'A source range does not begin at the applied offset.',
    'Rewind the source to the applied offset in the error.',
  ),
  SOURCE_MIXED: info(
    status.FAILED_PRECONDITION,
    false,
    'A push has ranges of which some are applied and some are new.',
    'Cut batches at the offsets that acquire returned.',
  ),
  SOURCE_LOST: info(
    status.DATA_LOSS,
    false,
    'Source offsets or records were lost.',
    'An operator decides: reset the source.',
  ),
  FENCED: info(
    status.FAILED_PRECONDITION,
    false,
    'A newer generation or epoch has taken over.',
    'Stop what was done under the old one; a successor may work already. To go on, join or acquire anew.',
  ),
  GROUP_NOT_FOUND: info(
    status.NOT_FOUND,
    false,
    'No group of this name.',
    'Check its name; a group begins when its first member joins.',
  ),
  GROUP_CHANGED: info(
    status.FAILED_PRECONDITION,
    false,
    'Members came or went: the step was not completed in the generation that the call names.',
    'Take the new generation and members from the error, and contribute to the same step again.',
  ),
  BARRIER_TIMEOUT: info(
    status.DEADLINE_EXCEEDED,
    true,
    'Not every member contributed to the step in time.',
    'Look after the members that the error names. The contribution stands: sync of the same step goes on waiting.',
  ),
  STEP_EXPIRED: info(
    status.OUT_OF_RANGE,
    false,
    'The step is over, and its result is not kept or was not for this member.',
    'Go on from the last result, which latest() returns.',
  ),
  OVERLOADED: info(
    status.RESOURCE_EXHAUSTED,
    true,
    'Too much is in flight, or the caller does not read or send on.',
    'Wait for the hint in the error, then try again; add shards if it lasts.',
  ),
  TABLE_FULL: info(
    status.RESOURCE_EXHAUSTED,
    false,
    'The table can take no new keys.',
    'Raise its limit, expire rows, or add shards.',
  ),
  STORAGE_FAILED: info(
    status.UNAVAILABLE,
    true,
    'The disk refused a write or a read.',
    'Check space and health of the data volume.',
  ),
  UNAVAILABLE: info(
    status.UNAVAILABLE,
    true,
    'The server cannot be reached, or is starting or stopping.',
    'Check that it runs; the SDK tries again until its deadline.',
  ),
  DEADLINE_EXCEEDED: info(
    status.DEADLINE_EXCEEDED,
    true,
    'No answer in time; nothing was applied, or the call only reads.',
    'Raise timeoutMs, or find what is slow.',
  ),
  OUTCOME_UNKNOWN: info(
    status.DEADLINE_EXCEEDED,
    true,
    'Some shards acknowledged a push, others did not answer in time.',
    "Call the error's retry(): it keeps the push's numbers. A fresh push would count twice, unless it has sources.",
  ),
  CANCELLED: info(
    status.CANCELLED,
    false,
    "The caller's signal was aborted, or the client is closed.",
    'Nothing to do.',
  ),
  STREAM_NOT_FOUND: info(
    status.NOT_FOUND,
    false,
    'No stream of this name.',
    'Create the stream, or check its name.',
  ),
  OFFSET_OUT_OF_RANGE: info(
    status.OUT_OF_RANGE,
    false,
    'The offset is trimmed away or beyond the end.',
    'Start from an offset that EndOffsets returns.',
  ),
  SCHEMA_MISMATCH: info(
    status.FAILED_PRECONDITION,
    false,
    'Another schema fingerprint, partition count or table definition.',
    'Use the same schema on both sides.',
  ),
  CONFIGURATION: info(
    status.FAILED_PRECONDITION,
    false,
    'A setting, file or folder is not usable.',
    'Mend what the message names.',
  ),
  CORRUPT: info(
    status.DATA_LOSS,
    false,
    'Stored data fails its checksum or its continuity.',
    'Restore the folder from a copy; do not delete records by hand.',
  ),
  UNAUTHENTICATED: info(
    status.UNAUTHENTICATED,
    false,
    'No valid token or certificate.',
    'Send a valid token; where it is a certificate, of either side, mend what the message names.',
  ),
  PERMISSION_DENIED: info(
    status.PERMISSION_DENIED,
    false,
    'The identity lacks the role.',
    'Ask for the role on the table or namespace.',
  ),
  UNIMPLEMENTED: info(
    status.UNIMPLEMENTED,
    false,
    'This version does not have it.',
    'Compare the versions of client and server.',
  ),
  INTERNAL: info(status.INTERNAL, false, 'A defect of Weir.', 'Report it with the log line.'),
} as const satisfies Record<string, ErrorCodeInfo>;

/** One of the closed list. */
export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

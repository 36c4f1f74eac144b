// The one error type that leaves Weir's public functions, and its form on the wire.
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.ts';
import { ErrorDetail } from './gen/weir/v1/common.ts';

/** Where a failure was, and what helps; each only where it is known. */
export interface WeirErrorDetails {
  readonly table?: string;
  readonly shard?: string;
  /** Index of the key or row within the caller's arrays. */
  readonly keyIndex?: number;
  /** The newer routing epoch, with NOT_OWNER. */
  readonly epoch?: number;
  readonly retryAfterMs?: number;
  /** With SOURCE_GAP: the offset up to which the shard has applied. */
  readonly applied?: number;
  /** With GROUP_CHANGED: members of the new generation. With BARRIER_TIMEOUT: those who are missing. */
  readonly members?: readonly string[];
  /** With GROUP_CHANGED: the new generation. */
  readonly generation?: number;
  readonly cause?: unknown;
}

const TRAILER = 'weir-error-bin';
/**
 * Characters of each text of an error that travel, in headers: callers' own texts stand in them, and a client that is sent
 * more than some ten KiB of headers gives up its connection.
 */
const TEXT_LENGTH_MAX = 1_000;

/** A text of an error as it travels: bounded, and well formed, since half of a surrogate pair would be an error of its own. */
export function travelling(text: string): string {
  const kept = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text;
  return kept.toWellFormed();
}

/**
 * Every expected failure of Weir. `code` is one of a closed list (`ERROR_CODES`) and decides what to do; the message names the
 * table, shard, key index or limit concerned, for people: nothing parses it.
 */
export class WeirError extends Error {
  override readonly name: string = 'WeirError';
  /** What has gone wrong: the only thing that a program decides by. */
  readonly code: ErrorCode;
  /** Whether the same call can succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** Full name of the table concerned. */
  readonly table: string | undefined;
  /** Id of the shard concerned. */
  readonly shard: string | undefined;
  /** Index of the key or row within the caller's arrays. */
  readonly keyIndex: number | undefined;
  /** With NOT_OWNER: the newer routing epoch. */
  readonly epoch: number | undefined;
  /** With OVERLOADED: when to try again, in ms. */
  readonly retryAfterMs: number | undefined;
  /** With SOURCE_GAP: the offset up to which the shard has applied. */
  readonly applied: number | undefined;
  /** With GROUP_CHANGED: members of the new generation. With BARRIER_TIMEOUT: those who are missing. */
  readonly members: readonly string[] | undefined;
  /** With GROUP_CHANGED: the new generation. */
  readonly generation: number | undefined;

  constructor(code: ErrorCode, message: string, details: WeirErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = ERROR_CODES[code].retryable;
    this.table = details.table;
    this.shard = details.shard;
    this.keyIndex = details.keyIndex;
    this.epoch = details.epoch;
    this.retryAfterMs = details.retryAfterMs;
    this.applied = details.applied;
    this.members = details.members;
    this.generation = details.generation;
  }

  /** Any thrown value as a WeirError: gRPC errors by their detail or status, others as INTERNAL. */
  static from(error: unknown): WeirError {
    if (error instanceof WeirError) return error;
    if (isServiceError(error)) return fromServiceError(error);
    if (error instanceof Error && error.name === 'AbortError') {
      return new WeirError('CANCELLED', error.message, { cause: error });
    }
    // What AbortSignal.timeout aborts with.
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new WeirError('DEADLINE_EXCEEDED', error.message, { cause: error });
    }
    return new WeirError('INTERNAL', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }

  /** From its form on the wire; a code that this version does not know becomes INTERNAL. */
  static fromDetail(detail: ErrorDetail): WeirError {
    const code = isErrorCode(detail.code) ? detail.code : 'INTERNAL';
    return new WeirError(code, detail.message, {
      ...(detail.table !== '' && { table: detail.table }),
      ...(detail.shard !== '' && { shard: detail.shard }),
      ...(detail.keyIndex !== undefined && { keyIndex: detail.keyIndex }),
      ...(detail.epoch !== 0 && { epoch: detail.epoch }),
      ...(detail.retryAfterMs !== 0 && { retryAfterMs: detail.retryAfterMs }),
      ...(detail.applied !== undefined && { applied: detail.applied }),
      ...(detail.members.length > 0 && { members: detail.members }),
      ...(detail.generation !== 0 && { generation: detail.generation }),
    });
  }

  /** The code in the trailer of a failed call; undefined for a bare status. */
  static codeIn(trailer: Metadata | undefined): ErrorCode | undefined {
    const detail = trailer?.get(TRAILER)[0];
    return detail instanceof Uint8Array ? WeirError.fromDetail(ErrorDetail.decode(detail)).code : undefined;
  }

  /** Its form on the wire, without the cause. */
  toDetail(): ErrorDetail {
    return {
      code: this.code,
      message: travelling(this.message),
      table: travelling(this.table ?? ''),
      shard: travelling(this.shard ?? ''),
      keyIndex: this.keyIndex,
      epoch: this.epoch ?? 0,
      retryAfterMs: this.retryAfterMs ?? 0,
      applied: this.applied,
      members: [...(this.members ?? [])],
      generation: this.generation ?? 0,
    };
  }

  /** What a gRPC handler answers with. */
  toStatus(): StatusObject {
    const metadata = new Metadata();
    metadata.set(TRAILER, Buffer.from(ErrorDetail.encode(this.toDetail()).finish()));
    return { code: ERROR_CODES[this.code].status, details: travelling(this.message), metadata };
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

function fromServiceError(error: ServiceError): WeirError {
  const trailer = error.metadata?.get(TRAILER)[0];
  if (trailer instanceof Uint8Array) return WeirError.fromDetail(ErrorDetail.decode(trailer));
  return new WeirError(codeOfStatus(error.code), error.details || error.message, { cause: error });
}

function codeOfStatus(code: status): ErrorCode {
  switch (code) {
    case status.CANCELLED:
      return 'CANCELLED';
    case status.DEADLINE_EXCEEDED:
      return 'DEADLINE_EXCEEDED';
    case status.UNAVAILABLE:
      return 'UNAVAILABLE';
    case status.RESOURCE_EXHAUSTED:
      return 'OVERLOADED';
    case status.UNAUTHENTICATED:
      return 'UNAUTHENTICATED';
    case status.PERMISSION_DENIED:
      return 'PERMISSION_DENIED';
    case status.UNIMPLEMENTED:
      return 'UNIMPLEMENTED';
    case status.INVALID_ARGUMENT:
      return 'INVALID_ARGUMENT';
    default:
      return 'INTERNAL';
  }
}

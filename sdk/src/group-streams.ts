// One try of a call whose answer is a result: `sync` and `latest`.
import type { ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { GroupResultChunk, SyncStart } from '@weir/proto/v1/groups';
import type { CallScope } from './call-scope.ts';
import type { GroupPlace } from './group-calls.ts';
import { type GroupResult, ResultAssembly } from './group-result.ts';

/** Sends a contribution and waits for the step's result. */
export function syncOnce(
  { client, where }: GroupPlace,
  start: SyncStart,
  frames: readonly Uint8Array[],
  metadata: Metadata,
  scope: CallScope,
): Promise<GroupResult | undefined> {
  const call = client.sync(metadata);
  const [first = NONE, ...rest] = frames;
  call.write({ start, data: first });
  // What the shard has answered already needs no more bytes; a stream that failed takes none.
  let next = 0;
  const send = (): void => {
    while (next < rest.length) if (!call.write({ start: undefined, data: rest[next++]! })) return;
    call.off('drain', send);
    call.end();
  };
  call.on('drain', send);
  send();
  return resultOf(call, scope, where);
}

/** The last result; undefined when there is none. */
export function latestOnce(
  { client, where }: GroupPlace,
  group: string,
  metadata: Metadata,
  scope: CallScope,
): Promise<GroupResult | undefined> {
  return resultOf(client.latest({ group }, metadata), scope, where);
}

function resultOf(
  call: Pick<ClientReadableStream<GroupResultChunk>, 'on' | 'cancel'>,
  scope: CallScope,
  where: string,
): Promise<GroupResult | undefined> {
  return new Promise((resolve, reject) => {
    const assembly = new ResultAssembly();
    const off = scope.onEnd(() => {
      call.cancel();
      reject(scope.error(where));
    });
    const failed = (error: unknown): void => {
      off();
      call.cancel();
      reject(error);
    };
    call.on('data', (chunk: GroupResultChunk) => {
      try {
        assembly.add(chunk);
      } catch (error) {
        failed(error);
      }
    });
    call.on('error', (error: ServiceError) => failed(withPlace(error, where)));
    call.on('end', () => {
      try {
        const result = assembly.finish();
        off();
        resolve(result);
      } catch (error) {
        failed(error);
      }
    });
  });
}

function withPlace(error: ServiceError, where: string): WeirError {
  const known = WeirError.from(error);
  if (known.cause === undefined) return known;
  return new WeirError(known.code, `${where}: ${error.details}`, { cause: error });
}

const NONE = new Uint8Array(0);

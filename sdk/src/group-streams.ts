// One try of a call whose answer is a result: `sync` and `latest`.
import type { ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import { freeReceived, GROUP_FRAME_BYTES, groupDataHead, WeirError } from '@weir/proto';
import { type GroupResultChunk, GroupsService, SyncRequest, type SyncStart } from '@weir/proto/v1/groups';
import type { CallScope } from './call-scope.ts';
import type { GroupPlace } from './group-calls.ts';
import { type GroupResult, ResultAssembly } from './group-result.ts';
import { OutgoingMessage } from './outgoing-message.ts';

/** Sends a contribution and waits for the step's result. */
export async function syncOnce(
  { client, where }: GroupPlace,
  start: SyncStart,
  frames: readonly Uint8Array[],
  metadata: Metadata,
  scope: CallScope,
): Promise<GroupResult | undefined> {
  const { path, responseDeserialize } = GroupsService.sync;
  const call = client.makeBidiStreamRequest(path, OutgoingMessage.serialize, responseDeserialize, metadata);
  const sent: OutgoingMessage[] = [];
  const write = (bytes: Uint8Array, head?: Uint8Array): boolean => {
    const message = new OutgoingMessage(bytes, head);
    sent.push(message);
    return call.write(message, message.written);
  };
  const large = (frames[0]?.length ?? 0) > GROUP_FRAME_BYTES / 2;
  const rest = large ? frames : frames.slice(1);
  write(SyncRequest.encode({ start, data: large ? NONE : (frames[0] ?? NONE) }).finish());
  // What the shard has answered already needs no more bytes; a stream that failed takes none.
  let next = 0;
  const send = (): void => {
    while (next < rest.length) {
      const data = rest[next++]!;
      if (!write(data, groupDataHead(data.length))) return;
    }
    call.off('drain', send);
    call.end();
  };
  call.on('drain', send);
  send();
  const result = await resultOf(call, scope, where);
  // Unless it was answered from what is stored, when some may be on their way still.
  if (next === rest.length) for (const message of sent) message.arrived();
  return result;
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
        freeReceived(chunk.data);
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

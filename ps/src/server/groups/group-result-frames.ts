// A result on its way to members: messages that are encoded and framed once, whoever gets them.
import { encodePartReduce, encodePartType, GROUP_FRAME_BYTES, groupDataHead } from '@weir/proto';
import { type GroupResult, GroupResultChunk } from '@weir/proto/v1/groups';
import { messagePrefix } from '@weir/runtime';
import type { CompletedStep } from '../../core/group-events.ts';
import type { ResultHead } from '../../core/group-state.ts';
import { type GroupStore, piecesOf } from './group-store.ts';

/** Of a step that has just been completed; large ones as views of its values. */
export function framesOf({ head, parts }: CompletedStep): Uint8Array[] {
  const pieces = piecesOf(parts.map(({ value }) => value));
  const small = pieces.length === 1 && pieces[0]!.length < GROUP_FRAME_BYTES / 2;
  const first = encoded({ result: message(head), data: small ? pieces[0]! : NONE });
  return [first, ...(small ? [] : pieces).flatMap((data) => [headOf(data), data])];
}

/** Of a stored result. @throws WeirError STEP_EXPIRED, CORRUPT. */
export async function* storedFrames(
  store: GroupStore,
  name: string,
  head: ResultHead,
): AsyncGenerator<Uint8Array> {
  let result: GroupResult | undefined = message(head);
  for await (const data of store.read(name, head.step)) {
    if (result === undefined) yield headOf(data);
    yield result === undefined ? data : encoded({ result, data });
    result = undefined;
  }
  if (result !== undefined) yield encoded({ result, data: NONE });
}

function encoded(chunk: GroupResultChunk): Uint8Array {
  const bytes = GroupResultChunk.encode(chunk).finish();
  return Buffer.concat([messagePrefix(bytes.length), bytes]);
}

function headOf({ length }: Uint8Array): Uint8Array {
  const head = groupDataHead(length);
  return Buffer.concat([messagePrefix(head.length + length), head]);
}

function message({ step, generation, members, parts }: ResultHead): GroupResult {
  return {
    step,
    generation,
    members: members.map(({ name }) => name),
    parts: parts.map(({ name, type, reduce, bytes, memberBytes }) => ({
      name,
      type: encodePartType(type),
      reduce: encodePartReduce(reduce),
      bytes,
      memberBytes: [...memberBytes],
    })),
  };
}

const NONE = new Uint8Array(0);

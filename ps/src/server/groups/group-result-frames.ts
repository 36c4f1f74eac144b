// A result on its way to members: messages that are encoded once, whoever gets them.
import { encodePartReduce, encodePartType, FRAME_BYTES, groupDataMessage } from '@weir/proto';
import { type GroupResult, GroupResultChunk } from '@weir/proto/v1/groups';
import type { CompletedStep } from '../../core/group-events.ts';
import type { ResultHead } from '../../core/group-state.ts';
import { type GroupStore, piecesOf } from './group-store.ts';

/** Of a step that has just been completed. */
export function framesOf({ head, parts }: CompletedStep): Uint8Array[] {
  const pieces = piecesOf(parts.map(({ value }) => value));
  const small = pieces.length === 1 && pieces[0]!.length < FRAME_BYTES / 2;
  const first = encoded({ result: message(head), data: small ? pieces[0]! : NONE });
  return [first, ...(small ? [] : pieces).map(groupDataMessage)];
}

/** Of a stored result. @throws WeirError STEP_EXPIRED, CORRUPT. */
export async function* storedFrames(
  store: GroupStore,
  name: string,
  head: ResultHead,
): AsyncGenerator<Uint8Array> {
  let result: GroupResult | undefined = message(head);
  for await (const data of store.read(name, head.step)) {
    yield encoded({ result, data });
    result = undefined;
  }
  if (result !== undefined) yield encoded({ result, data: NONE });
}

function encoded(chunk: GroupResultChunk): Uint8Array {
  return GroupResultChunk.encode(chunk).finish();
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

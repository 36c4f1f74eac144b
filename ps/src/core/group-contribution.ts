// What a member announces before its bytes come, and whether two members' contributions can be reduced together.
import {
  canReduce,
  decodePartReduce,
  decodePartType,
  GROUP_NAME_BYTES_MAX,
  GROUP_PARTS_MAX,
  GROUP_PAYLOAD_BYTES_MAX,
  VALUE_BYTES,
  WeirError,
} from '@weir/proto';
import type { GroupPart } from '@weir/proto/v1/groups';
import type { Contribution, PartSpec } from './group-reduce.ts';

/** @throws WeirError INVALID_ARGUMENT naming the part. */
export function validateParts(parts: readonly GroupPart[]): PartSpec[] {
  if (parts.length > GROUP_PARTS_MAX) {
    throw invalid(`${parts.length} parts; a contribution has at most ${GROUP_PARTS_MAX}`);
  }
  const names = new Set<string>();
  let bytes = 0;
  const specs = parts.map((part) => {
    const { name } = part;
    if (name === '' || Buffer.byteLength(name) > GROUP_NAME_BYTES_MAX) {
      throw invalid(`the name of a part has 1 to ${GROUP_NAME_BYTES_MAX} bytes`);
    }
    if (names.has(name)) throw invalid(`part ${name} stands twice`);
    names.add(name);
    const type = decodePartType(part.type);
    const reduce = decodePartReduce(part.reduce);
    if (type === undefined || reduce === undefined) {
      throw invalid(`part ${name} has a type or reduction that this version does not know`);
    }
    if (!canReduce(type, reduce)) throw invalid(`part ${name}: ${type} cannot be reduced by ${reduce}`);
    if (part.bytes % VALUE_BYTES[type] !== 0) {
      throw invalid(`part ${name}: ${part.bytes} bytes are not whole values of ${type}`);
    }
    bytes += part.bytes;
    return { name, type, reduce, bytes: part.bytes };
  });
  if (bytes > GROUP_PAYLOAD_BYTES_MAX) {
    throw invalid(
      `${bytes} bytes; a member contributes at most ${GROUP_PAYLOAD_BYTES_MAX} to a step: split them over steps`,
    );
  }
  return specs;
}

/** Why the second cannot be reduced with the first; undefined when it can. */
export function mismatch(
  first: Contribution,
  firstMember: string,
  second: Contribution,
): WeirError | undefined {
  const list = ({ parts }: Contribution): string =>
    parts.map(({ name, type, reduce }) => `${name} ${type} ${reduce}`).join(', ');
  if (list(first) !== list(second)) {
    return invalid(
      `the parts [${list(second)}] are not those that ${firstMember} contributed: [${list(first)}]`,
    );
  }
  for (const [i, part] of second.parts.entries()) {
    const { bytes } = first.parts[i]!;
    const sizesMayDiffer = part.reduce === 'first' || part.reduce === 'concat';
    if (!sizesMayDiffer && part.bytes !== bytes) {
      return invalid(
        `part ${part.name} has ${part.bytes} bytes, that of ${firstMember} ${bytes}; ${part.reduce} wants equally many`,
      );
    }
  }
  return undefined;
}

export function contributionBytes({ parts }: Pick<Contribution, 'parts'>): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Of the result; beyond the bound it could not be sent. */
export function resultBytes(contributions: readonly Contribution[]): number {
  let total = 0;
  for (const [i, part] of contributions[0]!.parts.entries()) {
    total +=
      part.reduce === 'concat'
        ? contributions.reduce((sum, { parts }) => sum + parts[i]!.bytes, 0)
        : part.bytes;
  }
  return total;
}

function invalid(message: string): WeirError {
  return new WeirError('INVALID_ARGUMENT', message);
}

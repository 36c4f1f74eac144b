// What callers say of sources, checked, and the ranges of a push as they stand in its frames. Pure.
import { encodeSourceRanges, GROUP_NAME_BYTES_MAX, SOURCE_RANGES_MAX, WeirError } from '@weir/proto';

/** A half-open range [from, to) of one partition's offsets. */
export interface SourceRange {
  readonly partition: number;
  /** Of the partition's log, as given to `acquire`. */
  readonly incarnation: string;
  readonly from: number;
  /** Above `from`. */
  readonly to: number;
}

/** What a push was computed from; its partitions must have been acquired in this generation. */
export interface SourceRanges {
  readonly group: string;
  readonly generation: number;
  /** At least one, each of another partition. */
  readonly ranges: readonly SourceRange[];
}

/** @throws WeirError INVALID_ARGUMENT. */
export function encodedSources(what: string, { group, generation, ranges }: SourceRanges): Uint8Array {
  requireGroup(what, group);
  requireGeneration(what, generation);
  requirePartitions(
    what,
    ranges.map(({ partition }) => partition),
  );
  if (ranges.length === 0) throw invalid(what, `sources of ${group} have no ranges`);
  for (const { partition, from, to } of ranges) {
    if (isOffset(from) && isOffset(to) && from < to) continue;
    throw invalid(what, `partition ${partition}: [${from}, ${to}) is no range of offsets`);
  }
  return encodeSourceRanges(ranges.map((range) => ({ ...range, group, generation })));
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireGroup(what: string, group: string): void {
  const bytes = Buffer.byteLength(group);
  if (bytes >= 1 && bytes <= GROUP_NAME_BYTES_MAX) return;
  throw invalid(what, `a group's name has 1 to ${GROUP_NAME_BYTES_MAX} bytes, not ${bytes}`);
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireGeneration(what: string, generation: number): void {
  if (Number.isSafeInteger(generation) && generation >= 1) return;
  throw invalid(what, `a generation is a whole number from 1, not ${generation}`);
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireStarts(
  what: string,
  partitions: readonly { readonly partition: number; readonly start: number }[],
): void {
  requirePartitions(
    what,
    partitions.map(({ partition }) => partition),
  );
  for (const { partition, start } of partitions) {
    if (!isOffset(start)) throw invalid(what, `partition ${partition}: ${start} is no offset`);
  }
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requirePartitions(what: string, partitions: readonly number[]): void {
  const wrong = partitions.find(
    (partition) => !(Number.isInteger(partition) && partition >= 0 && partition < 2 ** 32),
  );
  if (wrong !== undefined) throw invalid(what, `${wrong} is no partition`);
  if (new Set(partitions).size < partitions.length) throw invalid(what, 'a partition stands twice');
  if (partitions.length <= SOURCE_RANGES_MAX) return;
  throw invalid(what, `${partitions.length} partitions, at most ${SOURCE_RANGES_MAX} go together`);
}

function isOffset(offset: number): boolean {
  return Number.isSafeInteger(offset) && offset >= 0;
}

function invalid(what: string, text: string): WeirError {
  return new WeirError('INVALID_ARGUMENT', `${what}: ${text}; nothing was sent`);
}

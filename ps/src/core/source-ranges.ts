// Whether a push's source ranges are new, old or wrong, as a pure function of how far their partitions are applied.
import { GROUP_NAME_BYTES_MAX, SOURCE_RANGES_MAX, WeirError } from '@weir/proto';
import type { SourceRange } from '@weir/proto/v1/parameter_server';
import type { SourceStart } from '@weir/proto/v1/sources';
import { requireName } from './checked-name.ts';
import type { SourceState } from './source-state.ts';

/** All new: they apply. All old: they were applied before. Else why the push is refused. */
export type RangeVerdict = 'new' | 'old' | WeirError;

/**
 * Fences first: what a former owner sends is told so, whatever it sends.
 * @param ranges well-formed, see `requireRanges`; at least one.
 * @param states of their partitions; undefined where nothing is known.
 * @returns WeirError FENCED, SOURCE_LOST, SOURCE_GAP with the offset applied, SOURCE_MIXED.
 */
export function judgeRanges(
  ranges: readonly SourceRange[],
  states: readonly (SourceState | undefined)[],
): RangeVerdict {
  for (const [i, range] of ranges.entries()) {
    const error = ownershipError(range, states[i]);
    if (error !== undefined) return error;
  }
  let old = 0;
  for (const [i, { from, to }] of ranges.entries()) {
    const { applied } = states[i]!;
    if (to <= applied) old++;
    else if (from !== applied) return gap(ranges[i]!, applied);
  }
  if (old === 0) return 'new';
  if (old === ranges.length) return 'old';
  const at = ranges.findIndex(({ to }, i) => to <= states[i]!.applied);
  const message =
    `${old} of the push's ${ranges.length} ranges were applied before, such as that of ${nameOf(ranges[at]!)}: ` +
    'cut batches at the offsets that acquire returned';
  return new WeirError('SOURCE_MIXED', message);
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireRanges(ranges: readonly SourceRange[]): void {
  if (ranges.length > SOURCE_RANGES_MAX) {
    throw invalid(`a push has ${ranges.length} source ranges, at most ${SOURCE_RANGES_MAX} are taken`);
  }
  const seen = new Set<string>();
  let checked: string | undefined;
  for (const { group, partition, incarnation, from, to } of ranges) {
    if (group !== checked) requireName(group, 'a source group');
    checked = group;
    const what = `partition ${partition} of group ${group}`;
    // It is repeated in refusals.
    if (incarnation.length > GROUP_NAME_BYTES_MAX) throw invalid(`${what}: its incarnation is too long`);
    if (from >= to) throw invalid(`${what}: the range from ${from} to ${to} has nothing in it`);
    if (ranges.length === 1) return;
    if (seen.has(what)) throw invalid(`${what} has two ranges in one push; make them one`);
    seen.add(what);
  }
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireStarts(group: string, generation: number, partitions: readonly SourceStart[]): void {
  requireName(group, 'a source group');
  if (generation < 1) throw invalid(`group ${group}: generation is ${generation}; it counts from 1`);
  if (partitions.length > SOURCE_RANGES_MAX) {
    const message = `${partitions.length} partitions, at most ${SOURCE_RANGES_MAX} are acquired at a time`;
    throw invalid(`group ${group}: ${message}`);
  }
  const seen = new Set<number>();
  for (const { partition, incarnation } of partitions) {
    requireName(incarnation, `the incarnation of partition ${partition} of group ${group}`);
    if (seen.has(partition)) throw invalid(`group ${group}: partition ${partition} is named twice`);
    seen.add(partition);
  }
}

/** @returns why nobody can acquire the partition in this generation. */
export function acquireError(
  group: string,
  generation: number,
  { partition, incarnation }: SourceStart,
  state: SourceState,
): WeirError | undefined {
  const what = nameOf({ group, partition });
  if (generation < state.generation) {
    const message = `${what} is owned in generation ${state.generation}, which is above ${generation}`;
    return new WeirError('FENCED', message, { generation: state.generation });
  }
  if (state.lost) return lost(what);
  return incarnation === state.incarnation ? undefined : replaced(what, state.incarnation, incarnation);
}

function ownershipError(range: SourceRange, state: SourceState | undefined): WeirError | undefined {
  const what = nameOf(range);
  const { generation, incarnation } = range;
  if (state === undefined) {
    return new WeirError(
      'FENCED',
      `${what} was not acquired: acquire it, and go on from the offset returned`,
    );
  }
  if (generation < state.generation) {
    const message = `${what} is owned in generation ${state.generation}; a push of generation ${generation} is too late`;
    return new WeirError('FENCED', message, { generation: state.generation });
  }
  if (state.lost) return lost(what);
  if (generation > state.generation) {
    const message = `${what} was acquired in generation ${state.generation}, not yet in ${generation}: acquire it first`;
    return new WeirError('FENCED', message, { generation: state.generation });
  }
  return incarnation === state.incarnation ? undefined : replaced(what, state.incarnation, incarnation);
}

function gap(range: SourceRange, applied: number): WeirError {
  const message = `${nameOf(range)} is applied up to ${applied}; a range from ${range.from} to ${range.to} does not follow`;
  return new WeirError('SOURCE_GAP', message, { applied });
}

function lost(what: string): WeirError {
  const message = `${what}: its offsets were lost with the shard's rows; reset the source to begin anew`;
  return new WeirError('SOURCE_LOST', message);
}

function replaced(what: string, stored: string, asked: string): WeirError {
  const message = `${what}: offsets are those of the source's incarnation ${stored}, not of ${asked}; reset the source to begin anew`;
  return new WeirError('SOURCE_LOST', message);
}

function nameOf({ group, partition }: Pick<SourceRange, 'group' | 'partition'>): string {
  return `partition ${partition} of group ${group}`;
}

function invalid(message: string): WeirError {
  return new WeirError('INVALID_ARGUMENT', message);
}

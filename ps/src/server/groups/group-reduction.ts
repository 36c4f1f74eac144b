// The reduction of a step, in slices of the event loop. Whatever goes wrong is an outcome too: the group says it to whoever waits.
import { WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import { contributionBytes } from '../../core/group-contribution.ts';
import type { Reduced } from '../../core/group-events.ts';
import { type Contribution, reduceParts } from '../../core/group-reduce.ts';
import { runInSlices, Slice } from '../slices.ts';
import type { GroupCounters } from './group-counters.ts';
import type { GroupMemory } from './group-memory.ts';

export interface ReductionParts {
  readonly counters: GroupCounters;
  readonly memory: GroupMemory;
  readonly logger: Runtime['log'];
}

export async function reducedInSlices(
  group: string,
  contributions: readonly Contribution[],
  { counters, memory, logger }: ReductionParts,
): Promise<Reduced> {
  try {
    const slice = new Slice('barrier');
    const parts = await runInSlices(reduceParts(contributions), slice);
    slice.end();
    for (const each of contributions) counters.bytes += contributionBytes(each);
    memory.recycle(contributions, parts);
    return { parts };
  } catch (error) {
    if (!(error instanceof WeirError)) logger.error({ err: error, group }, 'a reduction failed');
    return { error: WeirError.from(error) };
  }
}

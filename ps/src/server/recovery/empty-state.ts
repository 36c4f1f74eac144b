// What a shard begins with that keeps nothing.
import type { Store } from '@weir/store';
import { ClientNumbers } from '../../core/client-numbers.ts';
import { SeqClock } from '../../core/seq-clock.ts';
import { SourceOffsets } from '../../core/source-offsets.ts';
import { Tables } from '../tables/tables.ts';
import type { Recovered } from './recover.ts';

export function emptyState(store: Store): Recovered {
  return {
    tables: new Tables(store),
    numbers: new ClientNumbers(),
    sources: new SourceOffsets(),
    lowMark: 1,
    nextSeq: 1,
    logBytes: 0,
    skippedRecords: 0,
    seqClock: new SeqClock(),
  };
}

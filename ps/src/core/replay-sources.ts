// What a log record does to source offsets when it is read back.
import { WeirError } from '@weir/proto';
import type { LogRecord } from './log-record.ts';
import type { SourceOffsets } from './source-offsets.ts';

/** @throws WeirError CORRUPT when it does not follow from the records before. */
export function replaySources(record: LogRecord, offsets: SourceOffsets): void {
  try {
    if (record.kind === 'push') {
      if (record.sources.length > 0) offsets.replayPush(record.sources);
    } else if (record.kind === 'acquire') offsets.replayAcquire(record);
    else if (record.kind === 'reset') offsets.replayReset(record.group, record.partitions);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('CORRUPT', `log record ${record.seq}: ${reason}`, { cause: error });
  }
}

// What the streams server counts. No attributes: names of streams are not a closed set.
import { meter } from '@weir/runtime';

export interface StreamsMetrics {
  appended(records: number, duplicates: number, bytes: number): void;
  sent(records: number, bytes: number): void;
  /** Records removed since all consumers had committed them. */
  trimmed(records: number): void;
  /** Change of the number of open reads. */
  readers(change: 1 | -1): void;
}

export interface StreamsGauges {
  readonly waitingBytes: () => number;
  /** Of streams that are trimmed. */
  readonly keptRecords: () => number;
}

/** Call it inside a service's `start`. */
export function streamsMetrics({ waitingBytes, keptRecords }: StreamsGauges): StreamsMetrics {
  const streams = meter('@weir/streams');
  const appendedRecords = streams.createCounter('streams.append.records', {
    unit: '{record}',
    description: 'Records appended, known ones included',
  });
  const duplicateRecords = streams.createCounter('streams.append.duplicates', {
    unit: '{record}',
    description: 'Records dropped because their sequence was known',
  });
  const appendedBytes = streams.createCounter('streams.append.bytes', {
    unit: 'By',
    description: 'Bytes of appends',
  });
  const readRecords = streams.createCounter('streams.read.records', {
    unit: '{record}',
    description: 'Records sent to readers',
  });
  const readBytes = streams.createCounter('streams.read.bytes', {
    unit: 'By',
    description: 'Bytes sent to readers',
  });
  const trimmedRecords = streams.createCounter('streams.trim.records', {
    unit: '{record}',
    description: 'Records removed behind all consumers',
  });
  const readers = streams.createUpDownCounter('streams.readers', {
    unit: '{reader}',
    description: 'Open reads',
  });
  streams
    .createObservableGauge('streams.append.waiting', {
      unit: 'By',
      description: 'Bytes that wait for the store',
    })
    .addCallback((result) => result.observe(waitingBytes()));
  streams
    .createObservableGauge('streams.kept.records', {
      unit: '{record}',
      description: 'Records of trimmed streams that are not removed yet',
    })
    .addCallback((result) => result.observe(keptRecords()));
  return {
    appended(records, duplicates, bytes) {
      appendedRecords.add(records);
      if (duplicates > 0) duplicateRecords.add(duplicates);
      appendedBytes.add(bytes);
    },
    sent(records, bytes) {
      readRecords.add(records);
      readBytes.add(bytes);
    },
    trimmed: (records) => trimmedRecords.add(records),
    readers: (change) => readers.add(change),
  };
}

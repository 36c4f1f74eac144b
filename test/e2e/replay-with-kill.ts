// A replay of generated traffic in which one service is killed with SIGKILL, and what the samples stream holds then.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ReplayOutput,
  readFinalFigures,
  readRecords,
  replayOutput,
  startReplay,
} from '@weir/quickstart';
import { defaultWindow } from '@weir/stitcher';
import type { StreamsClient } from '@weir/streams/client';
import { openLoop } from '../../cli/src/local-cluster/loop.ts';
import { SampleTally } from './sample-tally.ts';
import type { Traffic } from './traffic.ts';

export interface KillOptions {
  readonly traffic: Traffic;
  /** Folder for the input and everything that the loop keeps. */
  readonly folder: string;
  readonly deterministic: boolean;
  readonly window: number;
  /** Members of their group; default: one, alone. */
  readonly stitchers?: number;
  /** Name of the service to kill; undefined: none. */
  readonly service: string | undefined;
  /** It is killed when this share of the requests was sent. */
  readonly atPart: number;
  /** Afterwards one record of the stream is appended once more, so that whoever checks must notice. */
  readonly canary?: boolean;
}

export interface KilledReplay {
  readonly output: ReplayOutput;
  /** How often services ended and were started again. */
  readonly restarts: number;
  readonly found: FoundSamples;
  /** With a record doubled on purpose. */
  readonly foundWithCanary: FoundSamples | undefined;
}

/** What the samples stream holds. */
export interface FoundSamples {
  /** Times that each sample was emitted first. */
  readonly samples: ReadonlyMap<string, number>;
  /** Times that each sample was said to be a positive. */
  readonly positives: ReadonlyMap<string, number>;
}

export async function replayWithKill(options: KillOptions): Promise<KilledReplay> {
  const { traffic, folder } = options;
  const input = join(folder, 'traffic.ndjson');
  await writeFile(input, traffic.lines.join('\n'));
  const restarted: string[] = [];
  await using loop = await openLoop({
    data: join(folder, 'data'),
    ...(options.stitchers !== undefined && { stitchers: options.stitchers }),
    settings: {
      model: 'lr',
      schema: undefined,
      labels: ['click'],
      attributionMs: {},
      policy: 'wait',
      window: options.window,
      deterministic: options.deterministic,
      freezeAfter: undefined,
    },
    report: (message) => restarted.push(message),
  });
  const { addresses, services, failed } = loop.cluster;
  const records = readRecords('ndjson', input, (line, reason) => {
    throw new Error(`line ${line}: ${reason}`);
  });
  let sent = 0;
  const killAt = Math.floor(traffic.lines.length * options.atPart);
  const watched = async function* () {
    for await (const record of records) {
      if (sent++ === killAt && options.service !== undefined) {
        process.kill(services.get(options.service)!.pid!, 'SIGKILL');
      }
      yield record;
    }
  };
  const replay = startReplay({
    records: watched(),
    predictor: addresses.predictor.listen,
    collector: addresses.collector.listen,
    streams: loop.streams,
    partitions: loop.partitions,
    trainerGroup: loop.trainerGroup,
    pace: { kind: 'max' },
    firstWindowMs: defaultWindow('click').attributionMs,
    windowRequests: options.window,
    onRefused: (_request, error) => {
      throw error;
    },
    signal: failed,
  });
  const progress = await replay.done;
  return {
    output: replayOutput({
      progress,
      figures: await readFinalFigures(loop.figureSources, failed),
      labels: ['click'],
      badLines: 0,
      deterministic: options.deterministic,
    }),
    restarts: [...services.values()].reduce((sum, { restarts }) => sum + restarts, 0),
    found: await readSamples(loop.streams, loop.partitions),
    foundWithCanary: options.canary ? await readWithCanary(loop.streams, loop.partitions) : undefined,
  };
}

async function readWithCanary(streams: StreamsClient, partitions: number): Promise<FoundSamples> {
  for await (const { records } of streams.read('samples', 0, { offset: 0 })) {
    const record = records.find(({ progressTimeMs }) => progressTimeMs === undefined);
    if (record === undefined) continue;
    await streams.append('samples', 0, [{ value: record.value }]);
    break;
  }
  return await readSamples(streams, partitions);
}

export async function readSamples(streams: StreamsClient, partitions: number): Promise<FoundSamples> {
  const tally = new SampleTally(streams, partitions);
  await tally.readOn();
  return tally;
}

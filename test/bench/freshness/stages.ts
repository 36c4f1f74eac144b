// What a click went through, stage by stage: times of the streams server's appends, of what trainer and predictor had in
// hand, and of the answer that showed it, all by the wall clock of one machine.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BehaviourEvent, SampleRecord } from '@weir/proto/v1/records';
import type { StreamsClient } from '@weir/streams/client';
import { PROBE_PREFIX } from './load.ts';
import type { Sighting } from './watch.ts';

/** What passes between the click's append and the end, in order; `total` is their sum. */
export const STAGES = ['stitched', 'trained', 'acknowledged', 'replica', 'ranked', 'total'] as const;
export type Stage = (typeof STAGES)[number];
/** Of one click, ms each. */
export type Durations = Readonly<Record<Stage, number>>;

/** When each probe's click was appended, by the streams server's clock; read as it comes, for the stream is trimmed. */
export async function followClicks(
  streams: StreamsClient,
  partitions: number,
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const appendedMs = new Map<number, number>();
  const follow = async (partition: number): Promise<void> => {
    for await (const { records } of streams.read('behaviour', partition, {
      offset: 0,
      follow: true,
      signal,
    })) {
      for (const { value, progressTimeMs, appendTimeMs } of records) {
        if (progressTimeMs !== undefined) continue;
        const probe = probeOf(BehaviourEvent.decode(value).docId);
        if (probe !== undefined) appendedMs.set(probe, appendTimeMs);
      }
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => follow(partition)));
  return appendedMs;
}

/** When the sample that says that a probe was clicked was appended. */
export async function stitchedMs(streams: StreamsClient, partitions: number): Promise<Map<number, number>> {
  const appendedMs = new Map<number, number>();
  for (let partition = 0; partition < partitions; partition++) {
    for await (const { records } of streams.read('samples', partition, { offset: 0 })) {
      for (const { value, progressTimeMs, appendTimeMs } of records) {
        if (progressTimeMs !== undefined) continue;
        const { revision, docIds } = SampleRecord.decode(value);
        const probe = revision > 0 ? probeOf(docIds[0]!) : undefined;
        if (probe !== undefined) appendedMs.set(probe, appendTimeMs);
      }
    }
  }
  return appendedMs;
}

function probeOf(docId: string): number | undefined {
  return docId.startsWith(PROBE_PREFIX) ? Number(docId.slice(PROBE_PREFIX.length)) : undefined;
}

export async function sightings(folder: string): Promise<Sighting[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Sighting),
  );
}

export function durations(
  clickedMs: ReadonlyMap<number, number>,
  samplesMs: ReadonlyMap<number, number>,
  seen: readonly Sighting[],
  rankedMs: ReadonlyMap<number, number>,
): Durations[] {
  /** The click's gradient is the only negative one of its row. */
  const learned = (stage: Sighting['stage']) =>
    new Map(
      seen.filter((one) => one.stage === stage && one.value < 0).map(({ probe, atMs }) => [probe, atMs]),
    );
  const trained = learned('trained');
  const acknowledged = learned('acknowledged');
  const replica = firstRises(seen.filter(({ stage }) => stage === 'replica'));
  return [...rankedMs].map(([probe, endMs]) => {
    const at = (stage: string, times: ReadonlyMap<number, number>): number => {
      const ms = times.get(probe);
      if (ms === undefined) throw new Error(`probe ${probe} was never seen ${stage}`);
      return ms;
    };
    const click = at('clicked', clickedMs);
    const sample = at('stitched', samplesMs);
    const push = at('trained', trained);
    const ack = at('acknowledged', acknowledged);
    const delta = at('in the replica', replica);
    return {
      stitched: sample - click,
      trained: push - sample,
      acknowledged: ack - push,
      replica: delta - ack,
      ranked: endMs - delta,
      total: endMs - click,
    };
  });
}

/** When each probe's row first rose: until its click it only fell. */
function firstRises(deltas: readonly Sighting[]): Map<number, number> {
  const rows = new Map<number, number>();
  const rises = new Map<number, number>();
  for (const { probe, value, atMs } of deltas.toSorted((a, b) => a.atMs - b.atMs)) {
    const before = rows.get(probe);
    if (before !== undefined && value > before && !rises.has(probe)) rises.set(probe, atMs);
    rows.set(probe, value);
  }
  return rises;
}

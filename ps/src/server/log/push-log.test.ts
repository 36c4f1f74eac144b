import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { COMMIT_BYTES, SLICE_MS } from '../../limits.ts';
import { silentLogger } from '../../testing/in-process.ts';
import type { LogEntry } from './log-entry.ts';
import type { LogSink, PlacedRecord } from './log-sink.ts';
import { PushLog } from './push-log.ts';

function newLog(sink: LogSink, room: () => Promise<void> | undefined = () => undefined): PushLog {
  const events = { committed() {}, storageFailed() {} };
  return new PushLog({ sink, nextSeq: 1, replayedBytes: 0, logger: silentLogger(), room, events });
}

/** A sink that remembers its writes. */
function memorySink(): LogSink & { readonly writes: number[][] } {
  const writes: number[][] = [];
  const write = async (records: readonly PlacedRecord[]) => {
    await new Promise((resolve) => setImmediate(resolve));
    writes.push(records.map(({ seq }) => seq));
  };
  return { keeps: true, commitBytes: COMMIT_BYTES, write, writes };
}

function entry(apply: (seq: number) => void, bytes = 1): LogEntry {
  return {
    bytes,
    encode: () => new Uint8Array(bytes),
    apply,
    refuse: (error) => {
      throw error;
    },
  };
}

const applied = (log: PushLog, bytes?: number) =>
  new Promise<number>((resolve) => log.submit(entry(resolve, bytes)));

describe('the push log', () => {
  it('gives positions in the order of submission, and shares writes among what waits', async () => {
    const sink = memorySink();
    const log = newLog(sink);
    const first = [applied(log), applied(log), applied(log)];
    expect(await Promise.all(first)).toEqual([1, 2, 3]);
    expect(await applied(log)).toBe(4);
    expect(sink.writes).toEqual([[1, 2, 3], [4]]);
    expect(log.appliedSeq).toBe(4);
    expect(log.appliedBytes).toBe(4);
  });

  it('bounds a write, but takes a record of any size', async () => {
    const sink = memorySink();
    const log = newLog(sink);
    await Promise.all([applied(log, COMMIT_BYTES + 1), applied(log), applied(log)]);
    expect(sink.writes).toEqual([[1], [2, 3]]);
  });

  it('applies nothing before it is written', async () => {
    let written = false;
    const log = newLog({
      keeps: true,
      commitBytes: COMMIT_BYTES,
      write: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        written = true;
      },
    });
    await new Promise<void>((resolve) => {
      log.submit(
        entry(() => {
          expect(written).toBe(true);
          resolve();
        }),
      );
    });
  });

  it('says that a record is applied in part, and does not count it until it is applied whole', async () => {
    const log = newLog(memorySink());
    const seen: unknown[] = [];
    const whole = new Promise<number>((resolve) => {
      log.submit({
        ...entry(resolve),
        *applySteps() {
          yield;
          seen.push(log.appliedSeq, log.midRecord);
        },
      });
    });
    expect(await whole).toBe(1);
    expect(seen).toEqual([0, expect.any(Promise)]);
    expect([log.appliedSeq, log.midRecord]).toEqual([1, undefined]);
  });

  it('begins a slice anew when what a record needs has come', async () => {
    const log = newLog(memorySink());
    let gaveWay = false;
    const seen: boolean[] = [];
    const ready = async () => {
      await delay(2 * SLICE_MS);
      setImmediate(() => {
        gaveWay = true;
      });
    };
    await new Promise<number>((resolve) => {
      log.submit({
        ...entry(resolve),
        ready,
        *applySteps() {
          yield;
          seen.push(gaveWay);
        },
      });
    });
    expect(seen).toEqual([false]);
  });

  it('takes up what was submitted while the last records were applied in slices', async () => {
    const log = newLog(memorySink());
    const late = new Promise<number>((resolve) => {
      log.submit(
        entry(() => {
          // Submitted when the log gives way after this slice, with nothing else waiting.
          setImmediate(() => log.submit(entry(resolve)));
          const begun = performance.now();
          while (performance.now() - begun < 2 * SLICE_MS);
        }),
      );
    });
    await applied(log);
    expect(await late).toBe(3);
  });

  it('tries a failed write again with the same records', async () => {
    const tried: number[][] = [];
    const log = newLog({
      keeps: true,
      commitBytes: COMMIT_BYTES,
      write: async (records) => {
        tried.push(records.map(({ seq }) => seq));
        if (tried.length < 3) throw new Error('input/output error');
      },
    });
    expect(await Promise.all([applied(log), applied(log)])).toEqual([1, 2]);
    expect(tried).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });

  it('refuses what waits when there is no room, also while records are applied in slices', async () => {
    let full = false;
    const log = newLog(memorySink(), () =>
      full ? Promise.reject(new Error('no space is left')) : undefined,
    );
    const whole = new Promise<number>((resolve) => {
      log.submit({
        ...entry(resolve),
        *applySteps() {
          for (let step = 0; step < 4; step++) {
            const begun = performance.now();
            while (performance.now() - begun < 2 * SLICE_MS);
            yield;
          }
        },
      });
    });
    // While the first is written, so that there is something to apply when the log asks for room.
    await undefined;
    await undefined;
    full = true;
    const refused = new Promise<Error>((refuse) => log.submit({ ...entry(() => undefined), refuse }));
    expect((await refused).message).toContain('no space is left');
    expect(await whole).toBe(1);
  });

  it('that stops while rows cannot be read applies nothing behind the record that needs them', async () => {
    const sink = memorySink();
    const log = newLog(sink);
    const outcomes: unknown[] = [];
    const remembered = (): LogEntry => ({
      ...entry((seq) => outcomes.push(seq)),
      refuse: ({ code }) => outcomes.push(code),
    });
    log.submit({ ...remembered(), ready: () => Promise.reject(new Error('input/output error')) });
    await undefined;
    await undefined;
    log.submit(remembered());
    while (sink.writes.length < 2) await nextTurn();
    log.submit(remembered());
    await log.stop();
    expect(sink.writes).toEqual([[1], [2]]);
    expect(outcomes).toEqual(['STORAGE_FAILED']);
    expect(log.appliedSeq).toBe(0);
  });
});

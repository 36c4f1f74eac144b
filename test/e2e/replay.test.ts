// `weir replay` as a whole: real processes, real streams, real shards; counts and learning on traffic that is known.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReplayOutput } from '@weir/quickstart';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayWithKill } from './replay-with-kill.ts';
import { runWeir } from './run-weir.ts';
import { baseRateLogLoss, makeTraffic } from './traffic.ts';

// More requests than may be due and untrained: the later ones are ranked with what the earlier ones taught.
const TRAFFIC = makeTraffic({ seed: 1, requests: 1_500, docsPerRequest: 8 });
/** For replays without ranking: there the kill comes in the middle of open windows all the same. */
const SHORT_TRAFFIC = makeTraffic({ seed: 1, requests: 500, docsPerRequest: 8 });
const TIMEOUT_MS = 150_000;

let folder = '';
let input = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-e2e-'));
  input = join(folder, 'traffic.ndjson');
  const lines = [...TRAFFIC.lines];
  // The fourth line is no record; the last one repeats an event.
  lines.splice(3, 0, '{"kind":"request","time":"noon"}');
  lines.push(lines.at(-1)!);
  await writeFile(input, lines.join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Without what a clock decides. */
function withoutTimes(output: ReplayOutput): Partial<ReplayOutput> {
  const { duration_s, samples_per_s, freshness_p50_ms, freshness_p99_ms, ...rest } = output;
  return rest;
}

describe('weir replay', () => {
  it(
    'counts every sample and positive, learns with two trainers, reports a bad line, and leaves nothing behind',
    async () => {
      const temporary = await mkdtemp(join(folder, 'tmp-'));
      const env = { TMPDIR: temporary, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };
      const { code, stdout, stderr } = await runWeir(
        ['replay', '--input', input, '--window', '4', '--trainers', '2', '--json'],
        env,
      );
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining('line 4: time is "noon"'),
      });
      const output = JSON.parse(stdout) as ReplayOutput;
      const click = output.labels.click!;
      expect(output).toMatchObject({
        requests: 1_500,
        impressions: 12_000,
        samples: 12_000,
        events: TRAFFIC.positives.size + 1,
        rejected: 1,
        duplicates: 1,
        late: 0,
        orphans: 0,
        rank_calls: 1_500,
        processes: 9,
      });
      expect(click.positives).toBe(TRAFFIC.positives.size);
      expect(click.log_loss).toBeLessThan(baseRateLogLoss(TRAFFIC));
      expect(click.auc).toBeGreaterThan(0.65);
      expect(click.served?.auc).toBeGreaterThan(0.55);
      expect(output.push_rows).toBeGreaterThan(0);
      expect(output.delta_rows).toBeGreaterThan(0);
      expect(output.freshness_p50_ms).toBeGreaterThan(0);
      expect(await readdir(temporary)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'gives the same figures again when deterministic, even if the stitcher, or one of two, is killed in between',
    async () => {
      const kill = { traffic: SHORT_TRAFFIC, deterministic: true, window: 4, atPart: 0.5 };
      const undisturbed = await replayWithKill({
        ...kill,
        service: undefined,
        folder: await mkdtemp(join(folder, 'undisturbed-')),
      });
      const killed = await replayWithKill({
        ...kill,
        service: 'stitcher',
        folder: await mkdtemp(join(folder, 'killed-')),
      });
      const shared = await replayWithKill({
        ...kill,
        stitchers: 2,
        service: 'stitcher-1',
        folder: await mkdtemp(join(folder, 'shared-')),
      });
      expect([undisturbed.restarts, killed.restarts, shared.restarts]).toEqual([0, 1, 1]);
      expect(withoutTimes(killed.output)).toEqual(withoutTimes(undisturbed.output));
      expect(withoutTimes(shared.output)).toEqual({ ...withoutTimes(undisturbed.output), processes: 9 });
      expect(killed.output).toMatchObject({ samples: SHORT_TRAFFIC.samples.size });
      expect(new Set(killed.found.samples.keys())).toEqual(SHORT_TRAFFIC.samples);
      expect(new Set(killed.found.positives.keys())).toEqual(SHORT_TRAFFIC.positives);
      expect(undisturbed.output).not.toHaveProperty('rank_calls');
    },
    TIMEOUT_MS,
  );

  it(
    "learns with a model file of one's own, stopped by --strict at the bad line",
    async () => {
      const model = fileURLToPath(new URL('./bias-model.ts', import.meta.url));
      const strict = runWeir(['replay', '--input', input, '--strict', '--json']);
      const clean = join(folder, 'clean.ndjson');
      await writeFile(clean, TRAFFIC.lines.join('\n'));
      const own = await runWeir(['replay', '--input', clean, '--model', model, '--window', '1', '--json']);
      expect(own).toMatchObject({ code: 0 });
      const click = (JSON.parse(own.stdout) as ReplayOutput).labels.click!;
      // A bias alone learns the base rate; it has to find it first.
      expect(click.log_loss).toBeLessThan(baseRateLogLoss(TRAFFIC) + 0.05);
      expect(click.log_loss).toBeGreaterThan(baseRateLogLoss(TRAFFIC) - 0.01);
      expect(await strict).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(
          'line 4: time is "noon", not Unix milliseconds (stopped by --strict)',
        ),
      });
    },
    TIMEOUT_MS,
  );

  it(
    'ends with 1 when no line of the input could be used',
    async () => {
      const csv = join(folder, 'ratings.csv');
      await writeFile(csv, 'user,item\nu,i\n');
      const { code, stdout, stderr } = await runWeir(['replay', '--input', csv, '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ requests: 0, samples: 0, rejected: 2 });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('no line could be used; is it --format ndjson?'),
      });
    },
    TIMEOUT_MS,
  );

  it('says what is wrong with the command before it starts anything', async () => {
    expect(await runWeir(['replay', '--input', join(folder, 'absent'), '--json'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('absent cannot be read'),
    });
    expect(await runWeir(['replay', '--input', input, '--deterministic', '--policy', 'fast'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--deterministic needs --policy wait'),
    });
    expect(await runWeir(['replay', '--input', input, '--deterministic', '--trainers', '2'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--deterministic needs --trainers 1'),
    });
  });
});

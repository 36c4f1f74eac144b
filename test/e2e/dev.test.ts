// `weir dev` as a newcomer meets it: first figures, Ctrl-C, and the same again on its own data.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DevOutput } from '@weir/quickstart';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN } from './run-weir.ts';

const TIMEOUT_MS = 90_000;

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'weir-e2e-dev-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

describe('weir dev', () => {
  it(
    'shows first figures, ends cleanly on Ctrl-C, and starts again on its own data as a new run',
    async () => {
      for (const run of ['run-1', 'run-2']) {
        const dev = spawn(process.execPath, [MAIN, 'dev', '--data', data, '--headless', '--json']);
        const lines = collect(dev);
        await expect.poll(lines.errors, { timeout: 60_000, interval: 100 }).toMatch(/served log loss 0\.\d+/);
        dev.kill('SIGINT');
        expect(await lines.ended).toBe(0);

        const output = JSON.parse(lines.output()) as DevOutput;
        expect(output.first_figures_s).toBeGreaterThan(0);
        expect(output.online.log_loss).toBeGreaterThan(0);
        expect(output.frozen).toEqual({ log_loss: null, auc: null });
        expect(lines.errors()).toContain(`running as ${run}`);
        // The older run is gone, shards have kept their folders.
        expect(await readdir(join(data, 'runs'))).toEqual([run]);
        const pids = await servicePids();
        expect(pids).toHaveLength(8);
        for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      }
    },
    TIMEOUT_MS,
  );
});

function collect(child: ChildProcess) {
  let output = '';
  let errors = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { output: () => output, errors: () => errors, ended };
}

/** Of the services' latest lives, from the last words in their logs. */
async function servicePids(): Promise<number[]> {
  const logs = join(data, 'logs');
  const names = await readdir(logs);
  return await Promise.all(
    names.map(async (name) => {
      const lines = (await readFile(join(logs, name), 'utf8')).trim().split('\n');
      return (JSON.parse(lines.at(-1)!) as { pid: number }).pid;
    }),
  );
}

// A real Prometheus over a world, with the alerts of this repository.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@weir/runtime';
import { toolPath } from '../tools/tool-path.ts';
import { ALERTS_FILE } from './expressions.ts';
import type { Target } from './world.ts';

export interface Prometheus extends AsyncDisposable {
  /** `pending` or `firing`, by alert and instance. */
  alerts(): Promise<{ readonly alert: string; readonly state: string; readonly instance: string }[]>;
  /** Values of an instant query. */
  query(text: string): Promise<number[]>;
}

interface Answer<Data> {
  readonly data: Data;
}

export async function startPrometheus(targets: readonly Target[]): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-prometheus-'));
  const jobs = [...new Set(targets.map(({ job }) => job))];
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [ALERTS_FILE],
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      static_configs: [{ targets: targets.filter((target) => target.job === job).map(({ admin }) => admin) }],
    })),
  };
  const file = join(folder, 'prometheus.json');
  await writeFile(file, JSON.stringify(config));
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const child = spawn(
    toolPath('prometheus'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const get = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`http://${address}${path}`);
    return ((await response.json()) as Answer<Data>).data;
  };
  return {
    async alerts() {
      const { alerts } = await get<{
        alerts: { labels: Record<string, string>; state: string }[];
      }>('/api/v1/alerts');
      return alerts.map(({ labels, state }) => ({
        alert: labels.alertname ?? '',
        state,
        instance: labels.instance ?? '',
      }));
    },
    async query(text) {
      const path = `/api/v1/query?query=${encodeURIComponent(text)}`;
      const { result } = await get<{ result: { value: [number, string] }[] }>(path);
      return result.map(({ value }) => Number(value[1]));
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

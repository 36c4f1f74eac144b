// What source offsets cost: throughput of pushes with ranges over that of the same pushes without, in turns against one
// shard with its log on.
import { fileURLToPath } from 'node:url';
import { outputOf } from './client-process.ts';
import { perMillion } from './ps-run.ts';
import { BenchShard } from './ps-shard.ts';
import type { SourceClientOptions, SourceReport, Turn } from './ps-source-client.ts';
import { BATCH_ROWS, DIM, ROWS } from './ps-workload.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const CLIENT = fileURLToPath(new URL('./ps-source-client.ts', import.meta.url));
const DURABILITY = 'process';

type Kind = 'plain' | 'sourced';

export async function benchPsPushSource({
  runs,
  seconds,
  log,
}: BenchOptions): Promise<readonly BenchResult[]> {
  const reports: SourceReport[] = [];
  for (let run = 1; run <= runs; run++) {
    const report = await measured(seconds);
    log(
      `ps push source, run ${run} of ${runs}: kept ${keptRatio(report).toFixed(3)}; CPU s per million rows: ` +
        `with ${costText(costOf([report], 'sourced'))}, without ${costText(costOf([report], 'plain'))}`,
    );
    reports.push(report);
  }
  const sourced = costOf(reports, 'sourced');
  const plain = costOf(reports, 'plain');
  return [
    {
      bench: 'ps-push-source',
      metric: 'kept_ratio',
      value: Number(median(reports.map(keptRatio)).toFixed(3)),
      unit: '1',
      runs,
      params: { durability: DURABILITY, keys: 'uniform', dim: DIM, batch_rows: BATCH_ROWS },
      cost: {
        server_cpu_s_per_million_rows: sourced.server,
        client_cpu_s_per_million_rows: sourced.client,
        server_cpu_s_per_million_rows_without: plain.server,
        client_cpu_s_per_million_rows_without: plain.client,
      },
    },
  ];
}

async function measured(seconds: number): Promise<SourceReport> {
  const shard = await BenchShard.create('--durability', DURABILITY);
  try {
    await shard.start();
    await shard.fill({ rows: ROWS, pushRows: 'each' });
    const options: SourceClientOptions = { seed: shard.address, serverPid: shard.pid, seconds };
    return JSON.parse(await outputOf(CLIENT, options)) as SourceReport;
  } finally {
    await shard.remove();
  }
}

/** The median pair's: a pair's turns follow each other, so both meet the same machine. */
function keptRatio({ pairs }: SourceReport): number {
  const rate = ({ rows, seconds }: Turn): number => rows / seconds;
  return median(pairs.map(({ plain, sourced }) => rate(sourced) / rate(plain)));
}

/** CPU of shard and client for a million rows, over all turns. */
function costOf(reports: readonly SourceReport[], kind: Kind): { server: number; client: number } {
  const turns = reports.flatMap(({ pairs }) => pairs.map((pair) => pair[kind]));
  const sum = (of: (turn: Turn) => number): number => turns.reduce((total, turn) => total + of(turn), 0);
  const rows = sum((turn) => turn.rows);
  return {
    server: perMillion(
      sum(({ serverCpuS }) => serverCpuS),
      rows,
    ),
    client: perMillion(
      sum(({ clientCpuS }) => clientCpuS),
      rows,
    ),
  };
}

function costText({ server, client }: { server: number; client: number }): string {
  return `server ${server}, client ${client}`;
}

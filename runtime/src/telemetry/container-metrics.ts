// What the container of this process may take and takes, from its control group: version 2, or where there is none version
// 1. Outside of a container the figures are the machine's whole group, and a limit that is not set is left out.
import { readFile } from 'node:fs/promises';
import { meter } from './meter.ts';

const ROOT = '/sys/fs/cgroup';
/** Version 1 says "no limit" by a number near 2^63. */
const NO_LIMIT = 2 ** 53;

export interface ContainerFigures {
  readonly memoryUsed?: number;
  readonly memoryLimit?: number;
  /** In processors: 1.5 is one and a half. */
  readonly cpuLimit?: number;
  readonly cpuThrottledS?: number;
}

/** @param read a file below the group's root; undefined where there is none. */
export async function containerFigures(
  read: (file: string) => Promise<string | undefined> = readBelowRoot,
): Promise<ContainerFigures> {
  const [used, limit, cpuMax, cpuStat] = await Promise.all(
    ['memory.current', 'memory.max', 'cpu.max', 'cpu.stat'].map(read),
  );
  if (used !== undefined) {
    const [quota, period] = (cpuMax ?? '').split(' ');
    return figures(used, limit, quota, period, field(cpuStat, 'throttled_usec', 1e6));
  }
  const [used1, limit1, quota1, period1, cpuStat1] = await Promise.all(
    [
      'memory/memory.usage_in_bytes',
      'memory/memory.limit_in_bytes',
      'cpu/cpu.cfs_quota_us',
      'cpu/cpu.cfs_period_us',
      'cpu/cpu.stat',
    ].map(read),
  );
  return figures(used1, limit1, quota1, period1, field(cpuStat1, 'throttled_time', 1e9));
}

/** Registers gauges that are read when somebody collects. */
export function observeContainer(): void {
  const instruments = meter('weir.runtime');
  const gauge = (name: string, unit: string, description: string) =>
    instruments.createObservableGauge(name, { unit, description });
  const used = gauge('container.memory.usage', 'By', "Memory of the container's control group");
  const limit = gauge('container.memory.limit', 'By', 'What it may take; absent without a limit');
  const cpu = gauge('container.cpu.limit', '{cpu}', 'Processors that it may use; absent without a limit');
  const throttled = instruments.createObservableCounter('container.cpu.throttled', {
    unit: 's',
    description: 'Time for which it was kept from running by that limit',
  });
  instruments.addBatchObservableCallback(
    async (result) => {
      const { memoryUsed, memoryLimit, cpuLimit, cpuThrottledS } = await containerFigures();
      if (memoryUsed !== undefined) result.observe(used, memoryUsed);
      if (memoryLimit !== undefined) result.observe(limit, memoryLimit);
      if (cpuLimit !== undefined) result.observe(cpu, cpuLimit);
      if (cpuThrottledS !== undefined) result.observe(throttled, cpuThrottledS);
    },
    [used, limit, cpu, throttled],
  );
}

function figures(
  used: string | undefined,
  limit: string | undefined,
  quota: string | undefined,
  period: string | undefined,
  throttledS: number | undefined,
): ContainerFigures {
  const memoryUsed = number(used);
  const memoryLimit = number(limit);
  const [quotaUs, periodUs] = [number(quota), number(period)];
  return {
    ...(memoryUsed !== undefined && { memoryUsed }),
    ...(memoryLimit !== undefined && memoryLimit < NO_LIMIT && { memoryLimit }),
    ...(quotaUs !== undefined && quotaUs > 0 && periodUs !== undefined && { cpuLimit: quotaUs / periodUs }),
    ...(throttledS !== undefined && { cpuThrottledS: throttledS }),
  };
}

/** Undefined for `max`, and for what is not there. */
function number(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function field(stat: string | undefined, name: string, perSecond: number): number | undefined {
  const line = stat?.split('\n').find((one) => one.startsWith(`${name} `));
  const value = number(line?.slice(name.length + 1));
  return value === undefined ? undefined : value / perSecond;
}

async function readBelowRoot(file: string): Promise<string | undefined> {
  return await readFile(`${ROOT}/${file}`, 'utf8').catch(() => undefined);
}

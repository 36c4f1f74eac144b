import { describe, expect, it } from 'vitest';
import { containerFigures } from './container-metrics.ts';

const group = (files: Readonly<Record<string, string>>) => async (file: string) => files[file];

describe('containerFigures', () => {
  it('reads a control group of version 2', async () => {
    const files = {
      'memory.current': '1000\n',
      'memory.max': '4000\n',
      'cpu.max': '150000 100000\n',
      'cpu.stat': 'usage_usec 9\nthrottled_usec 2500000\n',
    };
    expect(await containerFigures(group(files))).toEqual({
      memoryUsed: 1000,
      memoryLimit: 4000,
      cpuLimit: 1.5,
      cpuThrottledS: 2.5,
    });
  });

  it('leaves limits out that are not set', async () => {
    const files = { 'memory.current': '1000\n', 'memory.max': 'max\n', 'cpu.max': 'max 100000\n' };
    expect(await containerFigures(group(files))).toEqual({ memoryUsed: 1000 });
    const version1 = {
      'memory/memory.usage_in_bytes': '1000\n',
      'memory/memory.limit_in_bytes': '9223372036854771712\n',
      'cpu/cpu.cfs_quota_us': '-1\n',
      'cpu/cpu.cfs_period_us': '100000\n',
      'cpu/cpu.stat': 'nr_throttled 0\nthrottled_time 500000000\n',
    };
    expect(await containerFigures(group(version1))).toEqual({ memoryUsed: 1000, cpuThrottledS: 0.5 });
  });

  it('says nothing where there is no control group', async () => {
    expect(await containerFigures(group({}))).toEqual({});
  });
});

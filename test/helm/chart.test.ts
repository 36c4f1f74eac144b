// The chart without a cluster: what it renders, and what it refuses.
import { readFileSync } from 'node:fs';
import { OptimizerKind } from '@weir/proto/v1/tables';
import { sizeOf } from '@weir/ps';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMAS_FOLDER, SCHEMAS_VERSION } from '../tools/kubernetes-tools.ts';
import { CHART, call, done, ROOT, template, VALUE_SETS, valuesFile } from './helm.ts';

/** Dashboards and alerts stand in ops/ and change there: a test of structure compares the chart's copies with them. */
const withoutCopies = (yaml: string): string =>
  yaml
    .split(/^---\n/m)
    .filter((document) => !/^ {2}name: \S+-dashboard$/m.test(document))
    .map((document) =>
      /^kind: PrometheusRule$/m.test(document) ? document.replace(/^spec:[\s\S]*/m, 'spec: {}\n') : document,
    )
    .join('---\n');

describe('the chart', () => {
  it('has six value sets', () => expect(VALUE_SETS).toHaveLength(6));

  it.each(VALUE_SETS)('passes lint, warnings included, with values of %s', async (set) => {
    const { code, stdout, stderr } = await call('helm', ['lint', '--strict', CHART, '-f', valuesFile(set)]);
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
  });

  it.each(VALUE_SETS)('renders with values of %s what it is known to', async (set) => {
    const yaml = withoutCopies(await done(template(set)));
    // Blanks at the end of lines, and empty ones, are what a template leaves by mistake.
    expect(yaml.split('\n').filter((line) => /[ \t]$/.test(line))).toEqual([]);
    await expect(yaml).toMatchFileSnapshot(`${ROOT}/test/helm/golden/${set}.yaml`);
  });

  it('brings the alerts as they stand in ops/', async () => {
    const rule = (await done(template('monitoring'))).split(/^kind: PrometheusRule$/m)[1]!;
    const alerts = readFileSync(`${ROOT}/ops/prometheus/alerts.yaml`, 'utf8').trim();
    const spec = /^spec:\n([\s\S]*?)(?=^---$)/m.exec(rule)![1]!.trim();
    expect(spec.replaceAll(/^ {2}/gm, '')).toBe(alerts);
  });

  it('passes its own tests', async () => {
    expect(await done(call('helm-unittest', ['--strict', CHART]))).toMatch(/Tests: +\d+ passed, \d+ total/);
  });

  it.each(VALUE_SETS)(
    'gives valid objects of Kubernetes, and no unknown field, with values of %s',
    async (set) => {
      const stdin = await done(template(set));
      const location = `${SCHEMAS_FOLDER}/{{.NormalizedKubernetesVersion}}{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json`;
      const flags = ['-strict', '-summary', '-kubernetes-version', SCHEMAS_VERSION];
      // Those of the Prometheus operator: the API server checks them.
      const others = ['-skip', 'ServiceMonitor,PrometheusRule', '-schema-location', location];
      const summary = await done(call('kubeconform', [...flags, ...others], { stdin }));
      expect(summary).toMatch(/Valid: [1-9]\d*, Invalid: 0, Errors: 0/);
    },
  );
});

describe('memory and disk of a shard', () => {
  it('are what `weir size` says, for tables of all kinds', async () => {
    const optimizers = ['assign', 'sum', 'sgd', 'momentum', 'adagrad', 'adam', 'ftrl'] as const;
    const table = fc.record({
      rows: fc.integer({ min: 1, max: 400_000_000 }),
      dim: fc.integer({ min: 1, max: 256 }),
      optimizer: fc.constantFrom(...optimizers),
      memoryRowsMax: fc.constantFrom(0, 0, 100_000),
    });
    const shards = fc.integer({ min: 1, max: 40 });
    const logReplayMax = fc.constantFrom(16, 256, 768);
    await fc.assert(
      fc.asyncProperty(table, shards, logReplayMax, async (one, count, log) => {
        const { rows, dim, memoryRowsMax } = one;
        const optimizer = OptimizerKind[one.optimizer.toUpperCase() as 'SUM'];
        const logBytes = log * 2 ** 20;
        const size = sizeOf({
          ...{ rows, dim, optimizer, memoryRowsMax, shards: count },
          ...{ memoryBytesPerShard: Number.MAX_SAFE_INTEGER, logReplayMax: logBytes },
        });
        const { code, stdout, stderr } = await template(
          'default',
          ...['--set-json', `shards.tables=${JSON.stringify([one])}`, '--set', `shards.count=${count}`],
          ...['--set', `shards.logReplayMax=${log}Mi`, '--set', 'shards.volume.size=100Ti'],
        );
        if (!size.fits) {
          expect(stderr).toContain('a shard cannot address that many rows of one table');
          return;
        }
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        const figure = (name: string): number =>
          Number(new RegExp(`weir/${name}: "(\\d+)"`).exec(stdout)?.[1]);
        expect(figure('memory-needed')).toBe(size.peakBytes);
        expect(Math.abs(figure('disk-needed') - size.diskBytes)).toBeLessThanOrEqual(1);
        const limit =
          Number(/kind: StatefulSet[\s\S]*?limits:\n\s+memory: (\d+)Mi/.exec(stdout)?.[1]) * 2 ** 20;
        expect(limit).toBeGreaterThanOrEqual(1.25 * size.peakBytes);
        expect(limit).toBeLessThan(1.25 * size.peakBytes + 64 * 2 ** 20 + 1);
      }),
      { numRuns: 30 },
    );
  });

  it('are summed over tables', async () => {
    const one = { rows: 1_000_000, dim: 16, optimizer: 'adagrad' };
    const needed = async (tables: readonly object[]): Promise<number> => {
      const yaml = await done(template('default', '--set-json', `shards.tables=${JSON.stringify(tables)}`));
      return Number(/weir\/memory-needed: "(\d+)"/.exec(yaml)?.[1]);
    };
    expect(await needed([one, one])).toBeGreaterThan(await needed([one]));
  });
});

describe('what cannot work is refused with what to do', () => {
  const refusal = async (...argv: readonly string[]): Promise<string> => {
    const { code, stderr } = await template('default', ...argv);
    expect(code).toBe(1);
    return stderr;
  };

  it.each([
    ['shards.count=0', 'minimum: got 0, want 1'],
    ['shards.cuont=3', "additional properties 'cuont' not allowed"],
    ['typo=1', "additional properties 'typo' not allowed"],
    ['pipeline.stitcher.volume.sise=1Gi', "additional properties 'sise' not allowed"],
    ['shards.memory=lots', 'shards/memory'],
    ['shards.tables[0].optimizer=newton,shards.tables[0].rows=1,shards.tables[0].dim=1', 'optimizer'],
    ['shards.durability=none', 'durability'],
  ])('--set %s', async (set, words) => {
    expect(await refusal('--set', set)).toContain(words);
  });

  it('a memory limit below what the tables need', async () => {
    const words = await refusal('--set', 'shards.memory=512Mi');
    expect(words).toContain('shards.memory: 512Mi is less than the 870Mi');
    expect(words).toContain('weir size --rows 1000000 --dim 16 --optimizer adagrad --shards 3');
    await done(template('default', '--set', 'shards.memory=870Mi'));
  });

  it('a volume below what the tables need', async () => {
    const words = await refusal('--set', 'shards.volume.size=512Mi');
    expect(words).toContain('shards.volume.size: 512Mi is less than the 664Mi');
  });

  it('no TLS where it was asked for, and client certificates without it', async () => {
    expect(await refusal('--set', 'insecure=false')).toContain('--set insecure=true');
    expect(await refusal('--set', 'tls.clientAuth=true')).toContain('tls.existingSecret');
  });
});

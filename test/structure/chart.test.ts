// charts/weir is whole: what is made from other files is as those are, every setting is described, and the schema knows just these.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedChartFiles } from '../../charts/scripts/generated.ts';
import { chartValues } from '../../charts/scripts/values-doc.ts';
import { ROOT } from './packages.ts';

const VALUES = `${ROOT}/charts/weir/values.yaml`;

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

/** Paths of all keys, `shards.volume.size`; of maps that are closed, whether they are. */
function keysOf(schema: Schema, path: readonly string[] = []): { path: string; isOpen: boolean }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const here = [...path, name];
    const isOpen = inner.properties !== undefined && inner.additionalProperties !== false;
    return [{ path: here.join('.'), isOpen }, ...keysOf(inner, here)];
  });
}

describe('the chart', () => {
  it.each([...generatedChartFiles().keys()])('has %s as `npm run chart` writes it', (path) => {
    expect(readFileSync(`${ROOT}/${path}`, 'utf8')).toBe(generatedChartFiles().get(path));
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
    const chart = readFileSync(`${ROOT}/charts/weir/Chart.yaml`, 'utf8');
    expect(chart).toContain(`\nappVersion: ${version}\n`);
  });

  it('says of every setting what it means, where its name does not', () => {
    // What a pod is given everywhere.
    const obvious = /(^|\.)(enabled|replicas|minReplicas|maxReplicas|memory|cpu|volume|autoscaling)$/;
    const silent = chartValues(readFileSync(VALUES, 'utf8')).filter(
      ({ path, description, value }) =>
        description === '' && value !== undefined && !obvious.test(path) && !path.includes('.labels.'),
    );
    expect(silent).toEqual([]);
  });

  it('has a schema that knows its settings, and no others', () => {
    const schema = JSON.parse(readFileSync(`${ROOT}/charts/weir/values.schema.json`, 'utf8')) as Schema;
    expect(schema.additionalProperties).toBe(false);
    const keys = keysOf(schema).filter(({ path }) => path !== 'global');
    expect(keys.filter(({ isOpen }) => isOpen)).toEqual([]);
    const values = chartValues(readFileSync(VALUES, 'utf8')).map(({ path }) => path);
    const known = keys.map(({ path }) => path);
    expect(values.filter((path) => !known.includes(path) && !path.includes('.labels.'))).toEqual([]);
    expect(known.filter((path) => !values.includes(path))).toEqual([]);
  });
});

describe('chartValues', () => {
  it('reads keys, their comments and their defaults', () => {
    const yaml = [
      ...[
        'a: 1',
        '',
        '# Of b.',
        '# And more.',
        'b:',
        '  # Of c.',
        '  c: "x"',
        '  list:',
        '    - d: 1',
        '      e: 2',
      ],
      ...['  labels: {}', ''],
    ].join('\n');
    expect(chartValues(yaml)).toEqual([
      { path: 'a', description: '', value: '1' },
      { path: 'b', description: 'Of b. And more.', value: undefined },
      { path: 'b.c', description: 'Of c.', value: '"x"' },
      { path: 'b.list', description: '', value: '- d: 1; e: 2' },
      { path: 'b.labels', description: '', value: '{}' },
    ]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ALERT_TESTS_FILE,
  alerts,
  dashboards,
  metricNames,
  panelExpressions,
} from '../monitoring/expressions.ts';
import { listedInstruments, seriesNames } from '../monitoring/metrics-doc.ts';
import { ROOT } from './packages.ts';

/** Made by Prometheus. */
const OTHERS = ['up'];
const known = new Set([...OTHERS, ...listedInstruments().flatMap(seriesNames)]);

describe('metricNames', () => {
  it('finds metrics, and neither functions, labels, spans nor keywords', () => {
    const text =
      'sum by (label, le) (rate(a_total{x=~"b|c"}[5m])) / ignoring (kind) group_left () c_d offset 15m unless on (x) e > 1e3';
    expect(metricNames(text)).toEqual(['a_total', 'c_d', 'e']);
  });
});

describe('alerts', () => {
  const tests = readFileSync(ALERT_TESTS_FILE, 'utf8')
    .split(/^ {2}- name: /m)
    .slice(1);
  const runbook = readFileSync(`${ROOT}/docs/runbook.md`, 'utf8');

  it.each(alerts())('$title uses metrics that there are', ({ text }) => {
    const names = metricNames(text);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(alerts())('$title has tests of firing and of not firing', ({ title }) => {
    const own = tests.filter((test) => test.includes(`alertname: ${title}\n`));
    expect(own.some((test) => test.includes('exp_labels'))).toBe(true);
    expect(own.some((test) => test.includes('exp_alerts: []'))).toBe(true);
  });

  it.each(alerts())('$title has its section in the runbook', ({ title, runbook: anchor }) => {
    expect(anchor).toBe(title.toLowerCase());
    const section = runbook.split(/^## /m).find((one) => one.startsWith(`${title}\n`));
    for (const part of ['**Means.**', '**Look at.**', '**Do.**']) expect(section).toContain(part);
  });

  it('are all that the runbook has', () => {
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, title]) => title!);
    expect(sections.sort()).toEqual(
      alerts()
        .map(({ title }) => title)
        .sort(),
    );
  });
});

describe('dashboards', () => {
  it('use metrics that there are', () => {
    const unknown = panelExpressions().flatMap(({ title, text }) =>
      metricNames(text)
        .filter((name) => !known.has(name))
        .map((name) => `${title}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('say of every panel what it shows', () => {
    for (const { title, panels } of dashboards()) {
      expect(title).toMatch(/^Weir: /);
      for (const panel of panels) expect(panel).toMatchObject({ title: /./, description: /./ });
    }
  });
});

describe('docs/metrics.md', () => {
  it('has every instrument once, with dots, a unit and a meaning', () => {
    const names = listedInstruments().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(100);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.includes('.'))).toEqual([]);
  });

  it('times everything in seconds', () => {
    const timed = listedInstruments().filter(({ name }) =>
      /duration|\.age$|\.lag$|\.waiting$|delay/.test(name),
    );
    const other = timed.filter(
      ({ name, unit }) => unit !== 's' && !/push.waiting|pull.waiting|append.waiting/.test(name),
    );
    expect(other).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../structure/packages.ts';
import { toolPath } from '../tools/tool-path.ts';
import { ALERT_TESTS_FILE, ALERTS_FILE, alerts, panelExpressions } from './expressions.ts';

function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(toolPath('promtool'), args, { encoding: 'utf8' });
  const text = `${stdout}${stderr}`;
  expect(status, text).toBe(0);
  return text;
}

describe('promtool', () => {
  it('takes the alerts', () => {
    expect(promtool('check', 'rules', ALERTS_FILE)).toContain(`${alerts().length} rules found`);
  });

  it('finds that each alert fires when it should, and does not when it should not', () => {
    expect(promtool('test', 'rules', ALERT_TESTS_FILE)).toContain('SUCCESS');
  });

  it('takes the configuration of Prometheus', () => {
    promtool('check', 'config', `${ROOT}/ops/prometheus/prometheus.yaml`);
  });

  it('takes every expression of the dashboards', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-promql-'));
    const file = join(folder, 'rules.json');
    // YAML is a superset of JSON.
    const rules = panelExpressions().map(({ text }, i) => ({ record: `panel:${i}`, expr: text }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    expect(promtool('check', 'rules', file)).toContain(`${rules.length} rules found`);
    rmSync(folder, { recursive: true });
  });
});

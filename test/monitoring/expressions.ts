// The PromQL of alerts and dashboards, and the metrics that an expression names.
import { globSync, readFileSync } from 'node:fs';
import { ROOT } from '../structure/packages.ts';

export interface Expression {
  /** Of the alert, or file and panel. */
  readonly title: string;
  readonly text: string;
}

export interface Alert extends Expression {
  readonly runbook: string;
}

export const ALERTS_FILE = `${ROOT}/ops/prometheus/alerts.yaml`;
export const ALERT_TESTS_FILE = `${ROOT}/ops/prometheus/alerts.test.yaml`;

/** The file is read by its own layout: `- alert:`, then `expr:` on one line or folded, then `for:`. */
export function alerts(): Alert[] {
  const text = readFileSync(ALERTS_FILE, 'utf8');
  return text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((block) => ({
      title: block.slice(0, block.indexOf('\n')),
      text: /^ {8}expr: (?:>\n)?([\s\S]*?)\n {8}for: /m.exec(block)?.[1] ?? '',
      runbook: /runbook: docs\/runbook\.md#(\w+)/.exec(block)?.[1] ?? '',
    }));
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly description: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

export function dashboards(): Dashboard[] {
  return globSync('ops/grafana/*.json', { cwd: ROOT })
    .sort()
    .map((file) => JSON.parse(readFileSync(`${ROOT}/${file}`, 'utf8')) as Dashboard);
}

export function panelExpressions(): Expression[] {
  return dashboards().flatMap((dashboard) =>
    dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ title: `${dashboard.title}: ${title}`, text: expr })),
    ),
  );
}

const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool']);

/** Identifiers that are neither functions, keywords nor labels. */
export function metricNames(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const names = [...bare.matchAll(/(?<![\w.])([a-z_][a-z0-9_]*)\b(?!\s*\()/gi)].map(([, name]) => name!);
  return [
    ...new Set(names.filter((name) => !WORDS.has(name) && !['sum', 'max', 'min', 'count'].includes(name))),
  ];
}

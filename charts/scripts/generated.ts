// What of charts/weir is made from other files of the repository: a chart can only read what is inside its folder.
import { readdirSync, readFileSync } from 'node:fs';
import { chartReadme } from './readme.ts';

const ROOT = new URL('../..', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Path from the root -> content. */
export function generatedChartFiles(): ReadonlyMap<string, string> {
  const dashboards = readdirSync(new URL('ops/grafana', ROOT)).filter((name) => name.endsWith('.json'));
  return new Map([
    ['charts/weir/README.md', chartReadme(text('charts/weir/values.yaml'))],
    ['charts/weir/files/alerts.yaml', text('ops/prometheus/alerts.yaml')],
    ...dashboards.map((name): [string, string] => [
      `charts/weir/files/dashboards/${name}`,
      text(`ops/grafana/${name}`),
    ]),
  ]);
}

// The page that k6's dashboard writes at the end of a run: rows a second, times and failures of each operation, clients, bytes.
// k6 reads this in place of its own page, most of whose charts are of HTTP.
import type { Operation } from './k6/scripts.ts';

/** @returns JSON for `XK6_DASHBOARD_CONFIG` */
export function pageOf(title: string, operations: readonly Operation[]): string {
  const charts = [
    chart('Rows a second', ['weir_rows[?tags.operation && rate]']),
    chart('Share of failures', ['weir_failures[?tags.operation && rate]']),
    ...operations.map((operation) =>
      chart(`Duration of ${operation}`, [
        `weir_duration[?tags.operation == '${operation}' && (avg || p90 || p99)]`,
      ]),
    ),
    chart('One gRPC call (of push_stream: one stream)', ['grpc_req_duration[?!tags && (avg || p90 || p99)]']),
    chart('Clients (VUs)', ['vus[?!tags && value]']),
    chart('Iterations a second: done, and not begun in time', [
      'iterations[?!tags && rate]',
      'dropped_iterations[?!tags && rate]',
    ]),
    chart('Bytes', ['data_received[?!tags && rate]', 'data_sent[?!tags && rate]']),
  ];
  const tables = [
    ['Times', 'trend'],
    ['Counts', 'counter'],
    ['Shares', 'rate'],
  ].map(([name, type]) => ({ kind: 'summary', title: name!, series: [{ query: `[?${type}]` }] }));
  const tab = (name: string, id: string, panels: readonly object[]) => ({
    title: name,
    id,
    sections: [{ id: `${id}.panels`, panels: panels.map((panel, i) => ({ id: `${id}.${i}`, ...panel })) }],
  });
  return JSON.stringify({ title, tabs: [tab(title, 'run', charts), tab('Summary', 'summary', tables)] });
}

function chart(title: string, queries: readonly string[]): object {
  return { kind: 'chart', title, series: queries.map((query) => ({ query })) };
}

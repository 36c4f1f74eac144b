// Traffic while something happens: a client beside the pods, whose report says what became of every call.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { OneNode } from './one-node.ts';
import type { TrafficReport } from './traffic.ts';

const MAIN = fileURLToPath(new URL('traffic.ts', import.meta.url));
const SEEDS = 'weir-ps.prod.svc.cluster.local:7070';
const RANK_URL = 'http://weir-predictor.prod.svc.cluster.local:8080/v1/rank';

export async function underTraffic(
  node: OneNode,
  table: string,
  happens: () => Promise<unknown>,
): Promise<TrafficReport> {
  const child = node.spawn(process.execPath, [MAIN, SEEDS, table, RANK_URL]);
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2_000);
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the traffic ended: ${words}`);
    return value as string;
  };
  try {
    await line();
    await happens();
    child.stdin!.write('stop\n');
    return JSON.parse(await line()) as TrafficReport;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

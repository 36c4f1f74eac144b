// A client of shards and predictor beside the pods: `traffic.ts SEEDS TABLE RANK_URL`. Pushes ones into a table that sums, pulls, and has
// documents ranked, until its stdin says
// `stop`; then compares every row with what was acknowledged, and prints a line of JSON. Says `going` when the first round is over.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect, OutcomeUnknownError, WeirError } from '@weir/sdk';

export interface TrafficReport {
  readonly pushes: number;
  readonly pulls: number;
  /** Answers of a predictor. Nobody tries these again: a failure is one. */
  readonly ranks: number;
  /** Keys whose row is less than what was acknowledged for it: acknowledged pushes that are lost. */
  readonly lost: number;
  /** Keys whose row is more than what was ever sent for it. */
  readonly doubled: number;
  /** Calls that failed although the client tries again, with why. */
  readonly failures: readonly string[];
  /** The longest call. */
  readonly longestMs: number;
}

const KEYS = 4_096;
const BATCH = 64;
const PAUSE_MS = 20;

const [seeds = '', name = '', rankUrl = ''] = process.argv.slice(2);
await using weir = await connect({ seeds: seeds.split(','), clientId: `traffic-${process.pid}` });
await weir.tables.create({ name, dim: 1, optimizer: { kind: 'sum' } });
const table = await weir.table(name);
const acknowledged = new Float64Array(KEYS);
const sent = new Float64Array(KEYS);
const all = BigUint64Array.from({ length: KEYS }, (_, key) => BigInt(key));
// What earlier runs have left.
const before = await table.pull(all);
const failures: string[] = [];
let pushes = 0;
let pulls = 0;
let ranks = 0;
let longestMs = 0;
let isStopping = false;
process.stdin.once('data', () => {
  isStopping = true;
});

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  try {
    await work();
  } catch (thrown) {
    const { code, message } = WeirError.from(thrown);
    const unknown = thrown instanceof OutcomeUnknownError ? ' (unknown)' : '';
    failures.push(`${what} after ${Math.round(performance.now() - begun)} ms: ${code}${unknown} ${message}`);
  }
  longestMs = Math.max(longestMs, performance.now() - begun);
}

async function push(first: number): Promise<void> {
  const keys = all.subarray(first, first + BATCH);
  for (let i = 0; i < BATCH; i++) sent[first + i]! += 1;
  await table.push(keys, new Float32Array(BATCH).fill(1));
  for (let i = 0; i < BATCH; i++) acknowledged[first + i]! += 1;
  pushes++;
}

async function pull(): Promise<void> {
  await table.pull(all.subarray(0, BATCH));
  pulls++;
}

const question = JSON.stringify({ docs: [{ id: 'a', features: { item: 'a' } }] });

async function rank(): Promise<void> {
  // A connection each: a pod that ends takes no new ones, once its service has heard of it.
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(rankUrl, { method: 'POST', headers, body: question });
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  ranks++;
}

for (let first = 0; !isStopping; first = (first + BATCH) % KEYS) {
  await Promise.all([timed('push', () => push(first)), timed('pull', pull), timed('rank', rank)]);
  if (first === 0 && pushes === 1) process.stdout.write('going\n');
  await sleep(PAUSE_MS);
}
const rows = await table.pull(all);
const count = (isBad: (row: number, key: number) => boolean): number =>
  rows.reduce((sum, row, key) => sum + Number(isBad(row - before[key]!, key)), 0);
const report: TrafficReport = {
  pushes,
  pulls,
  ranks,
  lost: count((row, key) => row < acknowledged[key]!),
  doubled: count((row, key) => row > sent[key]!),
  failures: failures.slice(0, 20),
  longestMs: Math.round(longestMs),
};
process.stdout.write(`${JSON.stringify(report)}\n`);

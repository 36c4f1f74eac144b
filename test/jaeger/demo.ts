// `npm run trace:demo`: starts a Jaeger, sends a small shop's traffic through the loop with every trace sampled, and prints
// the addresses of three traces worth seeing. Ctrl-C ends it, `--once` ends at once; nothing is left running.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommandLine, wrongUsage } from '../command-line.ts';
import { runWeir } from '../e2e/run-weir.ts';
import { Jaeger } from '../tools/jaeger.ts';
import { JaegerApi, tracePath } from '../tools/jaeger-api.ts';
import { type FollowedRequest, followedRequests, stagesSeen } from './followed-request.ts';
import { Spans } from './spans.ts';
import { replayOf, shopTraffic } from './traffic.ts';

const USAGE = [
  'usage: npm run trace:demo -- [--once] [--otlp URL --query URL]',
  '  --once         end when the traces are there, instead of at Ctrl-C',
  '  --otlp, --query  a Jaeger that runs already: OTLP over HTTP, and its query API with web pages',
  'Without these a Jaeger is started: JAEGER names its program (default: jaeger, as test/tools/install.ts leaves it).',
].join('\n');
const SHARDS = 3;
const REQUESTS = 120;

const { values } = parseCommandLine(USAGE, {
  options: {
    once: { type: 'boolean', default: false },
    otlp: { type: 'string' },
    query: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const { otlp, query } = values;
if ((otlp === undefined) !== (query === undefined))
  wrongUsage(USAGE, '--otlp and --query are given together');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

process.exitCode = await demo().catch((error: unknown) => {
  if (stop.signal.aborted) return 130;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});

async function demo(): Promise<number> {
  if (otlp !== undefined && query !== undefined) return await show(otlp, query);
  await using jaeger = await Jaeger.start();
  const exitCode = await show(jaeger.otlp, jaeger.query);
  if (exitCode === 0 && !values.once && !stop.signal.aborted) {
    say(`\nJaeger goes on at ${jaeger.query}; Ctrl-C ends it.`);
    // A signal's listener alone keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    await once(stop.signal, 'abort');
    clearInterval(alive);
  }
  return exitCode;
}

async function show(otlpUrl: string, queryUrl: string): Promise<number> {
  say(`sending ${REQUESTS} requests of a small shop through nine processes, every trace sampled`);
  if (!(await replay(otlpUrl))) return 1;
  const spans = await Spans.read(new JaegerApi(queryUrl));
  // The one that most others joined: a full window, with clicks.
  const [request] = followedRequests(spans, SHARDS).toSorted((a, b) => linksOf(b) - linksOf(a));
  if (request === undefined) {
    process.stderr.write(
      `no request could be followed to the end; there are ${JSON.stringify(stagesSeen(spans))}\n`,
    );
    return 1;
  }
  const pages = await hasPages(queryUrl, request.rank.traceId);
  const print = (number: number, what: string, traceId: string): void => {
    say(`\n${number}. ${what}`);
    say(`   ${queryUrl}${pages ? `/trace/${traceId}` : tracePath(traceId)}`);
  };
  print(
    1,
    'From a request to the weights it changed: Rank, feature log, stitch, training, a push to each shard, the delta back.',
    request.rank.traceId,
  );
  print(
    2,
    'The next Rank that used a changed row: its link leads to the delta of trace 1.',
    request.nextRank.traceId,
  );
  print(
    3,
    'The click behind it: from the collector to the stream; the span `stitch` of trace 1 links here.',
    request.stitch.links.at(-1)!.traceId,
  );
  if (!pages) {
    say(
      '\nThis Jaeger has no web pages: the addresses are those of its query API (JSON). One that has shows a trace at',
    );
    say(`${queryUrl}/trace/ID; name its program in JAEGER, or give --otlp and --query of one that runs.`);
  }
  return 0;
}

function linksOf({ stitch, train }: FollowedRequest): number {
  return stitch.links.length === 0 ? -1 : stitch.links.length + train.links.length;
}

/** Whether it came to its end. */
async function replay(otlpUrl: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-demo-'));
  try {
    const input = join(folder, 'traffic.ndjson');
    await writeFile(input, shopTraffic({ seed: 1, requests: REQUESTS }).lines.join('\n'));
    const argv = replayOf(input, otlpUrl);
    const { code, stderr } = await runWeir(
      argv,
      { OTEL_TRACES_SAMPLER: 'parentbased_always_on' },
      stop.signal,
    );
    if (code !== 0) process.stderr.write(stderr);
    return code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function hasPages(queryUrl: string, traceId: string): Promise<boolean> {
  const page = await fetch(`${queryUrl}/trace/${traceId}`);
  return page.ok && (await page.text()).includes('<script');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

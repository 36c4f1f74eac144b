// The `weir` command as an operator types it: real processes against real shards.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { spawnService } from '@weir/runtime';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SERVICES } from './services.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let cluster: Cluster | undefined;

/** Runs `weir` with WEIR_SEEDS set to the cluster. */
function weir(
  args: readonly string[],
  options: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Answer> {
  const env = { ...process.env, WEIR_SEEDS: cluster?.seeds.join(','), ...options.env };
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  const answer = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      answer[name] += text;
    });
  }
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...answer })));
}

/** The one JSON line that a verb must print with `--json`. */
async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await weir([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.endsWith('\n')).toBe(true);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

describe('operator verbs', () => {
  beforeAll(async () => {
    cluster = await startCluster({ shards: 2 });
  });
  afterAll(() => cluster?.stop());

  it('show the routing table', async () => {
    const routing = (await json('routing')) as { epoch: number; shards: { id: string; slots: number }[] };
    expect(routing.epoch).toBe(1);
    expect(routing.shards.map(({ id }) => id)).toEqual(['shard-0', 'shard-1']);
    expect(routing.shards.reduce((sum, { slots }) => sum + slots, 0)).toBe(1024);
  });

  it('drain a shard: what has changed is written, and it goes on serving', async () => {
    await json('table', 'create', 'drained', '--dim', '1', '--optimizer', 'sum');
    await json('push', 'drained', '1:1', '2:1', '3:1', '4:1');
    const admin = cluster!.admins[0]!;
    const { low_mark } = (await json('drain', '--admin', admin)) as { low_mark: number };
    const { shards } = (await json('status')) as { shards: { seq: number; low_mark: number }[] };
    expect(low_mark).toBeGreaterThan(0);
    expect(shards[0]).toMatchObject({ low_mark });
    expect(await json('pull', 'drained', '4')).toMatchObject({ rows: [{ key: '4', weights: [1] }] });
    const { code, stderr } = await weir(['drain', '--admin', cluster!.seeds[0]!]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('--admin-listen') });
    await json('table', 'drop', 'drained');
  });

  it('create a table, push and pull its rows, and drop it', async () => {
    const create = ['table', 'create', 'doc', '--dim', '2', '--optimizer', 'sgd', '--learning-rate', '0.5'];
    expect(await json(...create)).toMatchObject({ name: 'default/doc', created: true });
    expect(await json(...create)).toMatchObject({ created: false });
    expect(await json('push', 'doc', '7:1,-2', '0x2a:4,0')).toMatchObject({ table: 'default/doc', rows: 2 });
    expect(await json('pull', 'doc', '7', '42', '99')).toEqual({
      table: 'default/doc',
      dim: 2,
      rows: [
        { key: '7', weights: [-0.5, 1] },
        { key: '42', weights: [-2, 0] },
        { key: '99', weights: [0, 0] },
      ],
    });
    const lines = '{"key":"7","values":[1,0]}\n\n{"key":"18446744073709551615","values":[2,2]}\n';
    expect(await weir(['push', 'doc'], { stdin: lines })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^pushed 2 rows\n/),
    });
    expect((await weir(['pull', 'doc', '7', '18446744073709551615'])).stdout).toBe(
      '7\t-1 1\n18446744073709551615\t-1 -1\n',
    );
    expect(await json('table', 'describe', 'default/doc')).toMatchObject({
      dim: 2,
      optimizer: { kind: 'sgd', learningRate: 0.5 },
      rows: 3,
    });
    expect((await weir(['table', 'list'])).stdout).toMatch(/^table .*\ndefault\/doc +2 +sgd +3 /);
    const alter = [
      'table',
      'alter',
      'doc',
      '--learning-rate',
      '0.25',
      '--admission',
      'count:2',
      '--ttl-ms',
      '60000',
    ];
    expect(await json(...alter)).toMatchObject({
      name: 'default/doc',
      altered: true,
      optimizer: { kind: 'sgd', learningRate: 0.25 },
      admission: { kind: 'count', count: 2 },
      ttlMs: 60_000,
    });
    expect(await json(...alter)).toMatchObject({ altered: false });
    expect((await weir(['table', 'describe', 'doc'])).stdout).toMatch(
      /^admission +count, count 2\nttl ms +60000$/m,
    );
    expect(await weir(['table', 'alter', 'doc'])).toMatchObject({
      code: 2,
      stderr: 'error: no change is given\n',
    });
    expect(await json('table', 'drop', 'doc')).toMatchObject({ dropped: 'doc' });
    expect(await json('table', 'list')).toEqual({ tables: [] });
  });

  it('end with 2 on wrong usage', async () => {
    const { code, stdout, stderr } = await weir(['routing', '--sedes', 'x:1']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--sedes'");
  });

  it('end with 1 and say what failed', async () => {
    await json('table', 'create', 'flat', '--dim', '1', '--optimizer', 'sum');
    expect(await weir(['pull', 'absent', '1'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^weir: TABLE_NOT_FOUND: .*default\/absent.*\n$/),
    });
    expect(await weir(['push', 'flat', '7:1,2'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/DIMENSION_MISMATCH: .*key 7 has 2 values; nothing was applied/),
    });
    expect(await weir(['push', 'flat'], { stdin: '{"key":1,"values":[1]}\n{"key":2}\n' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/line 2: "values" is not an array; nothing was applied/),
    });
    expect(await weir(['table', 'create', 'flat', '--dim', '2', '--optimizer', 'sum'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('TABLE_EXISTS'),
    });
  });

  it('show the status live in a terminal, until Ctrl+C', async () => {
    // `script` gives the command a terminal, and hands it what is typed. It runs it in a shell, which some stay in to
    // die of the Ctrl+C themselves.
    const command = `exec '${process.execPath}' '${MAIN}' status --seeds ${cluster!.seeds.join(',')}`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void terminal.kill());
    const ended = new Promise((resolve) => terminal.once('close', resolve));
    let shown = '';
    for await (const chunk of terminal.stdout.setEncoding('utf8')) {
      const hadRates = shown.includes('pulled per second');
      shown += chunk;
      // From the second time on there are rates.
      if (!hadRates && shown.includes('pulled per second')) terminal.stdin.write('\x03');
    }
    terminal.stdin.end();
    expect(await ended).toBe(0);
    const [, first, second] = shown.split('\x1b[H\x1b[J');
    for (const screen of [first, second]) expect(screen).toMatch(/shard-0 .*serving[\s\S]*shard-1 .*serving/);
  });

  it('end quietly when nobody reads on', async () => {
    const command = `'${process.execPath}' '${MAIN}' --help | head -1; echo "\${PIPESTATUS[0]}"`;
    // Of a locale that the machine does not have bash itself would complain.
    const env = { ...process.env, LC_ALL: 'C' };
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command], { env });
    expect({ stdout, stderr }).toEqual({ stdout: 'Usage: weir [options] [command]\n0\n', stderr: '' });
  });

  it('tell of a shard that is down', async () => {
    expect(await json('status')).toMatchObject({
      shards: [
        { id: 'shard-0', state: 'serving', slots: expect.any(Number), durability: 'process' },
        { id: 'shard-1', state: 'serving' },
      ],
    });
    await cluster!.kill(1);
    const { code, stdout } = await weir(['status', '--json', '--seeds', cluster!.seeds[0]!]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      shards: [{ state: 'serving' }, { id: 'shard-1', state: 'unreachable', error: expect.any(String) }],
    });
  });
});

describe('a service verb', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs the service until it is told to stop', async () => {
    const service = await spawnService({ command: [MAIN, 'streams', '--data', folder], name: 'streams' });
    expect(service.listen).toMatch(/^127\.0\.0\.1:\d+$/);
    await service.stop();
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('has the help of its service', async () => {
    const { code, stdout } = await weir(['ps', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--topology FILE');
    expect(stdout).toMatch(/\nExample:\n {2}weir ps .*--topology topology\.json\n$/);
  });

  it.each(SERVICES.map(({ name, example }) => [name, example] as const))(
    'has an example for %s that is a command line',
    async (_name, example) => {
      const [, ...words] = example.split(' ');
      expect(await weir([...words, '--print-config'])).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('refuses wrong usage with exit code 2', async () => {
    const { code, stdout, stderr } = await weir(['ps', '--dta', 'x']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('did you mean --data?');
  });
});

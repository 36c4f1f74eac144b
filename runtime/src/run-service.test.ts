// The life of a service as an operator sees it: real processes, signals, exit codes, stdout and stderr.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHostPort } from './listen-address.ts';
import { freePorts } from './process/free-ports.ts';
import { parseReadyLine, type ReadyLine } from './process/ready-line.ts';
import { spawnService } from './process/spawn-service.ts';

const FIXTURE = fileURLToPath(new URL('./testing/fixture-service.ts', import.meta.url));
const PARENT = fileURLToPath(new URL('./testing/fixture-parent.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(args: string[], script = FIXTURE) {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const ready = Promise.withResolvers<ReadyLine>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const line = parseReadyLine(stdout.split('\n', 1)[0]!);
    if (line !== undefined) ready.resolve(line);
  });
  const wrote = (text: string): Promise<void> =>
    new Promise((resolve) => {
      if (stderr.includes(text)) resolve();
      child.stderr.on('data', () => stderr.includes(text) && resolve());
    });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      ready.reject(new Error(`ended before it was ready: ${stderr}`));
      resolve({ code, stdout, stderr });
    });
  });
  ready.promise.catch(() => {});
  return { child, ready: ready.promise, ended, wrote };
}

const get = async (ready: ReadyLine, path: string): Promise<[number, string]> => {
  const answer = await fetch(`http://${ready.admin}${path}`);
  return [answer.status, await answer.text()];
};

describe('a service that runs', () => {
  it('says where it is in one line, answers probes and metrics, and stops cleanly on SIGTERM', async () => {
    const service = launch(['--id', 'shard-3', '--listen', '127.0.0.1:7']);
    const ready = await service.ready;
    expect(ready).toMatchObject({ service: 'fixture', id: 'shard-3', listen: '127.0.0.1:7' });
    expect(ready.ready_ms).toBeGreaterThan(0);
    expect(await get(ready, '/readyz')).toEqual([200, 'ready\n']);
    expect(await get(ready, '/count')).toEqual([200, '{"aborted":false}\n']);
    const [, metrics] = await get(ready, '/metrics');
    expect(metrics).toMatch(/^fixture_calls_total\{kind="read"\} 1$/m);
    expect(metrics).toMatch(/^fixture_duration_bucket\{le="0.0005"\} 1$/m);
    expect(metrics).toMatch(/^process_memory_usage [1-9]/m);
    expect(metrics).toMatch(/^process_cpu_time_total\{cpu_mode="user"\} /m);
    expect(metrics).toMatch(/^nodejs_eventloop_delay_p99 /m);
    service.child.kill('SIGTERM');
    const { code, stdout, stderr } = await service.ended;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const messages = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; id: string });
    expect(messages.map(({ msg }) => msg)).toEqual(['started', 'stopping', 'draining', 'drained', 'stopped']);
    expect(messages.every(({ id }) => id === 'shard-3')).toBe(true);
  });

  it('is not ready while it stops, and ends at once on a second signal', async () => {
    const service = launch(['--stop', 'never', '--shutdown-timeout-ms', '3600000']);
    const ready = await service.ready;
    service.child.kill('SIGINT');
    await service.wrote('draining');
    expect(await get(ready, '/readyz')).toEqual([503, 'not ready\n']);
    expect(await get(ready, '/healthz')).toEqual([200, 'ok\n']);
    expect(await get(ready, '/count')).toEqual([200, '{"aborted":true}\n']);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(1);
  });

  it('ends with an error when its stop outlasts the deadline', async () => {
    const service = launch(['--stop', 'never', '--shutdown-timeout-ms', '50']);
    await service.ready;
    service.child.kill('SIGTERM');
    const { code, stderr } = await service.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('longer than its deadline');
  });
});

describe('a service that fails', () => {
  it('says what is wrong in one line when it cannot start', async () => {
    const { code, stdout, stderr } = await launch(['--fail-at', 'start']).ended;
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'weir fixture: CORRUPT: log record 7 of shard-0 fails its checksum\n',
    });
  });

  it('logs a defect with its stack', async () => {
    const { code, stderr } = await launch(['--fail-at', 'start-defect']).ended;
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'fatal',
      err: {
        type: 'TypeError',
        message: 'a planted defect',
        stack: expect.stringContaining('fixture-service.ts'),
      },
    });
  });

  it.each([
    ['run', 'weir fixture: STORAGE_FAILED: no space in /data\n'],
    ['run-defect', '"message":"a planted defect"'],
  ])('ends with code 1 when an error is caught nowhere (%s)', async (failAt, words) => {
    const service = launch(['--fail-at', failAt]);
    const ready = await service.ready;
    await fetch(`http://${ready.admin}/fail`, { method: 'POST' }).catch(() => undefined);
    const { code, stderr } = await service.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  it('names an occupied admin port', async () => {
    const [port] = await freePorts(1);
    const occupant = createServer().listen(port, '127.0.0.1');
    const { code, stderr } = await launch(['--admin-listen', `127.0.0.1:${port}`]).ended;
    occupant.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^weir fixture: CONFIGURATION: 127.0.0.1:${port} is in use .*\n$`));
  });

  it('ends with code 2 on wrong usage, with a hint', async () => {
    const { code, stdout, stderr } = await launch(['--lisen', 'x']).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      'weir fixture: unknown flag --lisen; did you mean --listen?\nSee weir fixture --help\n',
    );
  });
});

describe('spawnService', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-spawn-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('waits until the service is ready, keeps its log, and stops it', async () => {
    const logFile = join(folder, 'service.log');
    const service = await spawnService({
      command: [FIXTURE],
      name: 'fixture',
      env: { WEIR_ID: 'f-1' },
      logFile,
    });
    expect((await fetch(`http://${service.admin}/readyz`)).status).toBe(200);
    await service.stop();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    const log = readFileSync(logFile, 'utf8');
    expect(log).toContain('"id":"f-1"');
    expect(log).toContain('"stopped"');
  });

  it('tells of a kill', async () => {
    const service = await spawnService({ command: [FIXTURE], name: 'fixture' });
    service.kill('SIGKILL');
    expect(await service.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await service.stop();
  });

  it.each([undefined, 'failed.log'])(
    'explains a failed start with the last words (log file: %s)',
    async (log) => {
      const started = spawnService({
        command: [FIXTURE, '--fail-at', 'start'],
        name: 'shard-0',
        ...(log !== undefined && { logFile: join(folder, log) }),
      });
      await expect(started).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(
          /^shard-0 ended before it was ready \(exit code 1\): .*CORRUPT: log record 7/,
        ),
      });
    },
  );

  it('leaves no child behind when the parent is killed', async () => {
    const parent = launch([FIXTURE], PARENT);
    const { admin } = await parent.ready;
    parent.child.kill('SIGKILL');
    await parent.ended;
    await expect
      .poll(
        () =>
          fetch(`http://${admin}/healthz`).then(
            () => 'alive',
            () => 'gone',
          ),
        { timeout: 10_000 },
      )
      .toBe('gone');
  });
});

describe('a service whose event loop no longer turns', () => {
  it('ends nevertheless when its parent is killed', async () => {
    const parent = launch([FIXTURE, '--shutdown-timeout-ms', '300'], PARENT);
    const ready = await parent.ready;
    const { host, port } = parseHostPort(ready.admin)!;
    // Its end closes this connection; nothing else would.
    const connection = connect(port, host);
    const closed = once(
      connection.on('error', () => {}),
      'close',
    );
    await once(connection, 'connect');
    await fetch(`http://${ready.admin}/spin`, { method: 'POST' });
    await expect
      .poll(() =>
        fetch(`http://${ready.admin}/healthz`, { signal: AbortSignal.timeout(300) }).then(
          () => 'answers',
          (error: Error) => error.name,
        ),
      )
      .toBe('TimeoutError');
    parent.child.kill('SIGKILL');
    await closed;
  });
});

describe('freePorts', () => {
  it('gives different ports that can be listened on', async () => {
    const ports = await freePorts(8);
    expect(new Set(ports).size).toBe(8);
    for (const port of ports) {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
      server.close();
    }
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SupervisedService } from './supervised-service.ts';

/** Says that it is ready, logs its pid, ends with its stdin. */
const IDLE = `
  process.stderr.write('pid ' + process.pid + '\\n');
  process.stdout.write('{"service":"idle","id":"","listen":"","admin":"127.0.0.1:1","ready_ms":1}\\n');
  process.stdin.resume();`;
const BROKEN = `process.stderr.write('the disk is full'); process.exit(1);`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-supervised-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function supervise(name: string, script: string) {
  const reports: string[] = [];
  const logFile = join(folder, `${name}.log`);
  const service = new SupervisedService({
    name,
    command: ['-e', script],
    logFile,
    report: (message) => reports.push(message),
    onFailed: (error) => reports.push(error.message),
  });
  return { service, reports, log: () => readFile(logFile, 'utf8') };
}

describe('SupervisedService', () => {
  it('starts a service again that was killed, and not one that was asked to stop', async () => {
    const { service, reports, log } = supervise('idle', IDLE);
    await service.start();
    const first = service.pid!;
    process.kill(first, 'SIGKILL');
    await expect.poll(() => service.pid ?? first, { timeout: 10_000 }).not.toBe(first);
    const second = service.pid!;
    expect(reports).toEqual(['idle ended (SIGKILL); starting it again']);
    expect(service.restarts).toBe(1);
    await service.stop();
    expect(service.pid).toBeUndefined();
    expect(() => process.kill(second, 0)).toThrow('ESRCH');
    expect(await log()).toBe(`pid ${first}\npid ${second}\n`);
    expect(reports).toHaveLength(1);
  });

  it('gives the last words of a service whose first start fails, and does not try again', async () => {
    const { service, reports } = supervise('broken', BROKEN);
    await expect(service.start()).rejects.toThrow(/broken ended before it was ready .*the disk is full/);
    await service.stop();
    expect(reports).toEqual([]);
  });
});

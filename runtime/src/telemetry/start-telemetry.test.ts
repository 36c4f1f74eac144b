// What a service sends about itself, and what becomes of it with endpoints that fail: real processes, a real HTTP endpoint.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../process/free-ports.ts';
import { type ServiceProcess, spawnService } from '../process/spawn-service.ts';
import { otlpEndpoint } from '../testing/otlp-endpoint.ts';

const FIXTURE = fileURLToPath(new URL('../testing/fixture-service.ts', import.meta.url));
const EVERY_TRACE = { OTEL_TRACES_SAMPLER: 'parentbased_always_on' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-telemetry-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let services = 0;
async function start(flags: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const logFile = join(folder, `${services++}.log`);
  const service = await spawnService({ command: [FIXTURE, ...flags], name: 'fixture', env, logFile });
  return { service, log: () => readFileSync(logFile, 'utf8') };
}

async function span({ admin }: ServiceProcess): Promise<{ traceId: string }> {
  const answer = await fetch(`http://${admin}/span`, { method: 'POST', body: '{}' });
  return (await answer.json()) as { traceId: string };
}

const metricsOf = async ({ admin }: ServiceProcess) => (await fetch(`http://${admin}/metrics`)).text();

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

describe('a service with an endpoint', () => {
  it('has sent its spans, metrics and log lines when it has stopped', async () => {
    await using endpoint = await otlpEndpoint();
    const env = { ...EVERY_TRACE, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=trial' };
    const { service, log } = await start(['--telemetry', endpoint.url, '--id', 'shard-3'], env);
    await fetch(`http://${service.admin}/count`);
    const { traceId } = await span(service);
    await service.stop();
    expect(await service.exited).toEqual({ code: 0, signal: null });

    const traces = endpoint.received('/v1/traces');
    expect(traces).toContain('fixture work');
    for (const resource of [
      'weir-fixture',
      'shard-3',
      'process.pid',
      'host.name',
      'service.version',
      'trial',
    ]) {
      expect(traces).toContain(resource);
    }
    expect(endpoint.received('/v1/metrics')).toContain('fixture.calls');
    const lines = endpoint.received('/v1/logs');
    for (const part of ['within a span', 'warn', 'attempt', 'stopped']) expect(lines).toContain(part);
    expect(lines).toContain(Buffer.from(traceId, 'hex').toString('latin1'));
    expect(lines).not.toContain('a-planted-secret');

    const line = log()
      .split('\n')
      .find((each) => each.includes('within a span'));
    expect(JSON.parse(line!)).toMatchObject({ trace_id: traceId, token: '(redacted)', attempt: 2 });
  });

  it('is told once, not per batch, that the endpoint is down; what is lost is counted', async () => {
    const [port] = await freePorts(1);
    const { service, log } = await start(['--telemetry', `http://127.0.0.1:${port}`], {
      ...EVERY_TRACE,
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    });
    const lost = async (): Promise<number> => {
      const found = /^otel_sdk_processor_span_processed_total\{.*error_type=.*\} (\d+)$/m.exec(
        await metricsOf(service),
      );
      return Number(found?.[1] ?? 0);
    };
    await span(service);
    await until(async () => (await lost()) >= 1);
    await span(service);
    await until(async () => (await lost()) >= 2);
    await service.stop();
    expect((await service.exited).code).toBe(0);
    expect(log().match(/telemetry cannot be sent/g)).toHaveLength(1);
  });

  it('stops within its deadline though the endpoint never answers', async () => {
    await using endpoint = await otlpEndpoint(() => undefined);
    const { service } = await start(
      ['--telemetry', endpoint.url, '--shutdown-timeout-ms', '2000'],
      EVERY_TRACE,
    );
    await span(service);
    await service.stop();
    // Beyond the deadline it is 1.
    expect((await service.exited).code).toBe(0);
    expect(endpoint.requests('/v1/traces')).toBe(1);
  });

  it('offers no further batch of what the endpoint does not take', async () => {
    await using endpoint = await otlpEndpoint((path) => (path === '/v1/traces' ? 200 : 404));
    const { service, log } = await start([], {
      ...EVERY_TRACE,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
    });
    await until(() => endpoint.requests('/v1/logs') === 1);
    await span(service);
    await service.stop();
    expect((await service.exited).code).toBe(0);
    expect(endpoint.requests('/v1/logs')).toBe(1);
    expect(endpoint.received('/v1/traces')).toContain('fixture work');
    expect(log()).toContain('takes no logs');
    expect(log()).not.toContain('cannot be sent');
  });
});

it('a service without an endpoint records nothing, and counts all the same', async () => {
  const { service, log } = await start([]);
  expect(await span(service)).toMatchObject({ traceId: '0'.repeat(32) });
  expect(await metricsOf(service)).toContain('process_cpu_time_total');
  await service.stop();
  expect(log()).not.toContain('trace_id');
});

// A small real service for this package's tests, with a way to fail at each step of its life.
import { createServer } from 'node:net';
import { trace } from '@opentelemetry/api';
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { runService } from '../run-service.ts';
import { defineService, listenConfig } from '../service.ts';
import { meter } from '../telemetry/meter.ts';

const fixture = defineService({
  name: 'fixture',
  summary: 'a service for tests',
  config: z.object({
    ...listenConfig,
    id: z.string().default('fixture-0').describe('its name'),
    token: z.string().optional().describe('a secret').meta({ secret: true }),
    failAt: z
      .enum(['none', 'start', 'start-defect', 'run', 'run-defect'])
      .default('none')
      .describe('where to fail'),
    stop: z.enum(['clean', 'never']).default('clean').describe('how to stop'),
  }),
  async start(config, { log, admin, signal }) {
    if (config.failAt === 'start')
      throw new WeirError('CORRUPT', 'log record 7 of shard-0 fails its checksum');
    if (config.failAt === 'start-defect') throw new TypeError('a planted defect');
    const calls = meter('fixture').createCounter('fixture.calls', { unit: '{call}', description: 'Calls' });
    const duration = meter('fixture').createHistogram('fixture.duration', { unit: 's', description: 'Time' });
    admin.get('/count', () => {
      calls.add(1, { kind: 'read' });
      duration.record(0.0004);
      return { aborted: signal.aborted };
    });
    admin.post('/span', () =>
      trace.getTracer('fixture').startActiveSpan('fixture work', (span) => {
        log.warn({ token: 'a-planted-secret', attempt: 2 }, 'within a span');
        span.end();
        return span.spanContext();
      }),
    );
    admin.post('/fail', () => {
      const error =
        config.failAt === 'run'
          ? new WeirError('STORAGE_FAILED', 'no space in /data')
          : new TypeError('a planted defect');
      setTimeout(() => {
        throw error;
      });
      return {};
    });
    admin.post('/spin', () => {
      // From the answer on nothing but this loop runs: no timer, no signal, no end of a pipe.
      setTimeout(async () => {
        for (;;) await undefined;
      }, 20);
      return {};
    });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    log.info('started');
    return {
      listen: config.listen,
      async stop() {
        log.info('draining');
        if (config.stop === 'never') await new Promise<never>(() => {});
        server.close();
        log.info('drained');
      },
    };
  },
});

await runService(fixture, { argv: process.argv.slice(2) });

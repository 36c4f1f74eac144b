import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { WeirError } from '@weir/proto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from './index.ts';
import { ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

let reader: Reader;
let shard: ScriptedShard;
beforeEach(async () => {
  reader = new Reader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  shard = new ScriptedShard('a');
  await shard.listen();
  shard.routing = scriptedRouting(1, [shard], () => 0);
});
afterEach(() => {
  metrics.disable();
  shard.die();
});

/** Sums, and counts of histograms, by name and attributes. */
async function collected(): Promise<Record<string, number>> {
  const { resourceMetrics } = await reader.collect();
  const points: Record<string, number> = {};
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    for (const { attributes, value } of dataPoints) {
      const labels = Object.entries(attributes).map(([name, label]) => `{${name}=${label}}`);
      const number = typeof value === 'number' ? value : value.count;
      points[`${descriptor.name}${labels.join('')}`] = number ?? 0;
    }
  }
  return points;
}

it('counts what all clients of the process do, with no attribute but codes of errors', async () => {
  await using first = await connect({ seeds: [shard.address], clientId: 'one' });
  await using second = await connect({ seeds: [shard.address], clientId: 'two' });
  const [table, other] = [await first.table('sums'), await second.table('sums')];
  const keys = BigUint64Array.of(1n, 2n);
  // Both wait for the connection, and go as one record.
  await Promise.all([table.push(keys, new Float32Array(2)), table.push(keys, new Float32Array(2))]);
  await other.push(keys, new Float32Array(2));
  await table.pull(keys);
  shard.script = () => new WeirError('NOT_FINITE', 'NaN');
  await expect(other.push(keys, new Float32Array(2))).rejects.toMatchObject({ code: 'NOT_FINITE' });
  shard.script = (number) => (number === 2 ? 'lose' : 'apply');
  await table.push(keys, new Float32Array(2));
  await expect(table.pull(keys, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'CANCELLED',
  });

  const rowBytes = 8 + 4;
  expect(await collected()).toEqual({
    'weir.client.push.rows': 10,
    'weir.client.push.io': 10 * rowBytes,
    'weir.client.push.parts': 5,
    'weir.client.push.records': 4,
    'weir.client.push.resends': 1,
    'weir.client.push.in_flight': 0,
    'weir.client.push.refusals{error.type=NOT_FINITE}': 1,
    'weir.client.push.duration': 4,
    'weir.client.push.duration{error.type=NOT_FINITE}': 1,
    'weir.client.pull.rows': 2,
    'weir.client.pull.io': 2 * 4,
    'weir.client.pull.duration': 1,
    'weir.client.streams.lost': 1,
  });
});

it('shows what is in flight', async () => {
  await using weir = await connect({ seeds: [shard.address], clientId: 'one' });
  const table = await weir.table('sums');
  shard.script = () => 'mute';
  const push = table.push(BigUint64Array.of(1n), Float32Array.of(1));
  while (shard.sums.size === 0) await new Promise(setImmediate);
  expect((await collected())['weir.client.push.in_flight']).toBeGreaterThan(12);
  shard.acknowledge();
  await push;
  expect((await collected())['weir.client.push.in_flight']).toBe(0);
});

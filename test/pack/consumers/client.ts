// What a service of a team does with the client library: run as its own program, outside the checkout, on every Node that
// is supported. Prints what it found as JSON.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createExampleDecoder, encodeFeatureBlock, loadModel } from '@weir/model';
import { decodeValues, encodeValues, SLOT_COUNT, slotsOf } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { PullRequest } from '@weir/proto/v1/parameter_server';
import { connect, packKeys, type Table, type TableDelta, WeirError } from '@weir/sdk';

const seeds = (process.env.WEIR_SEEDS ?? '').split(',');
const name = process.env.TABLE ?? 'doc';
const weir = await connect({ seeds, clientId: 'consumer' });

await weir.tables.create({
  name,
  dim: 2,
  optimizer: { kind: 'sgd', learningRate: 0.5 },
  initializer: { kind: 'zero' },
});
const table: Table = await weir.table(name);
const keys = BigUint64Array.of(7n, 42n, 2n ** 64n - 1n);

const partition = { partition: 0, incarnation: 'log' };
await weir.sources(name).acquire(1, [{ ...partition, start: 0 }]);

const followed = firstDelta(table);
const { acks } = await table.push(keys, Float32Array.of(1, -2, 4, 0, 0, 8), {
  sources: { group: name, generation: 1, ranges: [{ ...partition, from: 0, to: 10 }] },
});
const rows = await table.pull(packKeys(keys));

const group = await weir.group(name, { member: 'alone', leaseMs: 10_000 });
const step = await group.sync(1, [{ name: 'sum', type: 'f64', reduce: 'sum', value: Float64Array.of(1, 2) }]);
await group.leave();

const model = await loadModel('lr', { schema: undefined, labels: ['click'] });
const features = encodeFeatureBlock({ context: { user: 'ann' }, docs: [{ features: { item: 'a' } }] });
const input = { features, user: 'ann', scene: '', docIds: ['a'] };
const examples = createExampleDecoder(model.schema).decode(input, 'serve');
const zeros = model.keys(examples).map((packed) => new Float32Array(packed.length / 2));
const { probabilities } = model.forward(examples, zeros);

const halves = decodeValues(encodeValues(Float32Array.of(1 / 3, -2), ValueEncoding.F16), ValueEncoding.F16);
const request = PullRequest.decode(PullRequest.encode({ parts: [], requestId: 1, epoch: 1 }).finish());
const descriptors = readFileSync(fileURLToPath(import.meta.resolve('@weir/proto/descriptor-set')));

console.log(
  JSON.stringify({
    shards: acks.length,
    rows: Array.from(rows),
    delta: (await followed)?.weights.length,
    sum: Array.from(step.parts[0]?.value as Float64Array),
    probability: probabilities[0]?.[0],
    halves: Array.from(halves),
    parts: request.parts.length,
    slotKnown: slotsOf(packKeys(keys)).every((slot) => slot < SLOT_COUNT),
    describesProtocol: descriptors.includes('ParameterServer'),
    absent: await codeOf(() => weir.table('absent')),
    routed: weir.routing().shards.length,
    statuses: (await weir.describeShards()).filter((status) => 'description' in status).length,
  }),
);
await weir.tables.drop(name);
await weir.drain();

async function firstDelta(of: Table): Promise<TableDelta | undefined> {
  for await (const delta of of.subscribe()) if (delta.packedKeys.length > 0) return delta;
  return undefined;
}

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'none';
  } catch (error) {
    return error instanceof WeirError ? error.code : 'not a WeirError';
  }
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createExampleDecoder,
  encodeFeatureBlock,
  loadModel,
  logLoss,
  type Model,
  readSchema,
} from '@weir/model';
import { startCluster } from '@weir/ps/testing';
import { connect, type Weir } from '@weir/sdk';
import { describe, expect, it } from 'vitest';

const FILE = new URL('my-model.ts', import.meta.url).pathname;
/** The `weir` command, to be run as a process. */
const WEIR = createRequire(import.meta.url).resolve('@weir/cli');

const model = await loadModel(FILE, {
  schema: undefined,
  labels: ['click', 'cart'],
});
const decoder = createExampleDecoder(model.schema);

function examplesOf(user: string, items: readonly string[]) {
  const features = encodeFeatureBlock({
    context: { user, hour: 0.5 },
    docs: items.map((item) => ({ features: { item } })),
  });
  return decoder.decode({ features, user, scene: '', docIds: items }, 'train');
}

/** Small numbers that look random and are the same every time. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 2654435761) % 1000) / 1000 - 0.5);
}

const column = (...values: number[]) => Float32Array.from(values);

describe('the factorisation machine', () => {
  it('has the gradients that numeric differentiation finds', () => {
    const examples = examplesOf('u', ['a', 'b', 'a']);
    const rows = numbers((model.keys(examples)[0]!.length / 2) * model.tables[0]!.dim);
    const targets = {
      values: [column(1, 0, 0), column(1, 1, 0)],
      weights: [column(1, 1, 2), column(0, 1, 0)],
    };
    const loss = (at: Float32Array) =>
      model
        .forward(examples, [at])
        .probabilities.reduce(
          (sum, label, l) =>
            sum +
            label.reduce((s, p, i) => s + targets.weights[l]![i]! * logLoss(p, targets.values[l]![i]!), 0),
          0,
        );
    const [gradients] = model.gradients(model.forward(examples, [rows]), targets);
    rows.forEach((value, i) => {
      const [up, down] = [rows.with(i, value + 2 ** -9), rows.with(i, value - 2 ** -9)];
      expect(gradients![i]!).toBeCloseTo((loss(up) - loss(down)) / (up[i]! - down[i]!), 3);
    });
  });

  it('learns who likes what, which no weight per feature can say', async () => {
    await using cluster = await startCluster({ shards: 2 });
    await using weir = await connect({ seeds: cluster.seeds, clientId: 'own-model' });
    const lr = await loadModel('lr', { schema: undefined, labels: ['click', 'cart'] });
    // Ann clicks on a and never on b, Bob the other way round: users and items alone say nothing.
    expect(await lossAfterLearning(model, weir)).toBeLessThan(0.2);
    expect(await lossAfterLearning(lr, weir)).toBeGreaterThan(0.65);
  });

  it('can be given a schema, with which position trains and does not serve', async () => {
    const schema = await readSchema(new URL('schema.json', import.meta.url).pathname);
    const withSchema = await loadModel(FILE, { schema, labels: ['click'] });
    const features = encodeFeatureBlock({
      context: { device: 'phone' },
      docs: [{ features: { price: 99 }, exposure: { position: '3' } }],
    });
    const input = { features, user: 'ann', scene: '', docIds: ['a'] };
    const names = (phase: 'train' | 'serve') => {
      const { feature, features: known } = createExampleDecoder(withSchema.schema).decode(input, phase);
      return Array.from(feature, (index) => known[index]!).sort();
    };
    const served = ['device', 'item', 'price', 'user', 'user_item'];
    expect(names('serve')).toEqual(served);
    expect(names('train')).toEqual([...served, 'device_position', 'position'].sort());
  });

  it('runs in the predictor, which ranks with it, and in the trainer, which learns it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-own-model-'));
    try {
      const input = join(folder, 'traffic.ndjson');
      await writeFile(input, traffic(150).join('\n'));
      const flags = ['--input', input, '--model', FILE, '--window', '4', '--json'];
      const { stdout } = await promisify(execFile)(process.execPath, [WEIR, 'replay', ...flags]);
      const { rank_calls: ranked, samples, labels } = JSON.parse(stdout);
      expect([ranked, samples, labels.click.positives]).toEqual([150, 300, 150]);
      expect(labels.click.auc).toBeGreaterThan(0.9);
      // Factors are random before they are learned, so no score is exactly even.
      expect(Math.abs(labels.click.served.log_loss - Math.LN2)).toBeGreaterThan(1e-6);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Requests of Ann, who clicks on a, and Bob, who clicks on b. */
function traffic(requests: number): string[] {
  return Array.from({ length: requests }, (_, i) => {
    const user = i % 2 === 0 ? 'ann' : 'bob';
    const time = 1_700_000_000_000 + i * 30_000;
    const docs = ['a', 'b'].map((id) => ({ id, features: { item: id } }));
    const click = { type: 'click', request: `r${i}`, user, doc: user === 'ann' ? 'a' : 'b', value: 1 };
    return [
      { kind: 'request', time, id: `r${i}`, user, context: { user }, docs },
      { kind: 'event', time: time + 1_000, id: `e${i}`, ...click },
    ];
  })
    .flat()
    .map((line) => JSON.stringify(line));
}

/** Mean log loss over the last rounds. The model's table stands on real shards, whose optimizer applies the gradients. */
async function lossAfterLearning(one: Model, weir: Weir): Promise<number> {
  await weir.tables.create(one.tables[0]!);
  const table = await weir.table(one.tables[0]!.name);
  let loss = 0;
  for (let round = 0; round < 100; round++) {
    for (const user of ['ann', 'bob']) {
      const examples = examplesOf(user, ['a', 'b']);
      const keys = one.keys(examples)[0]!;
      const forward = one.forward(examples, [await table.pull(keys)]);
      const clicks = user === 'ann' ? column(1, 0) : column(0, 1);
      if (round >= 90) {
        forward.probabilities[0]!.forEach((p, i) => {
          loss += logLoss(p, clicks[i]!) / 40;
        });
      }
      const [gradients] = one.gradients(forward, {
        values: [clicks, column(0, 0)],
        weights: [column(1, 1), column(0, 0)],
      });
      await table.push(keys, gradients!);
    }
  }
  return loss;
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, readSchema } from './load-model.ts';
import { parseSchema } from './parse-schema.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-model-'));
});
afterAll(() => rm(folder, { recursive: true }));

const options = { schema: undefined, labels: ['click'] };

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('loadModel', () => {
  it('knows lr, with a head per label', async () => {
    const model = await loadModel('lr', { schema: undefined, labels: ['click', 'cart'] });
    expect(model.tables).toEqual([
      {
        name: 'lr',
        dim: 2,
        optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.01 },
        initializer: { kind: 'zero' },
      },
    ]);
  });

  it('loads a file and hands it schema and labels', async () => {
    const path = await file(
      'own.mjs',
      `export default ({ labels }) => ({ name: 'own', labels, tables: [{}], schema: { fingerprint: 'f' }, schemaFingerprint: 'f',
        staticHash: '', keys() {}, forward() {}, gradients() {} });`,
    );
    expect(await loadModel(path, options)).toMatchObject({ name: 'own', labels: ['click'] });
  });

  it('says what a file lacks', async () => {
    const none = await file('none.mjs', 'export const model = 1;');
    await expect(loadModel(none, options)).rejects.toThrow('no default export that is a function');
    const half = await file('half.mjs', 'export default () => ({ keys() {}, forward() {} });');
    await expect(loadModel(half, options)).rejects.toThrow('has no method "gradients"');
    await expect(loadModel(join(folder, 'absent.mjs'), options)).rejects.toThrow(/Cannot find module/);
    const dense = await file(
      'dense.mjs',
      `export default ({ labels }) => ({ name: 'own', labels, tables: [{}], schema: { fingerprint: 'f' }, schemaFingerprint: 'f',
        staticHash: '', keys() {}, forward() {}, gradients() {}, dense: { initial: Float32Array.of(1), optimizer: { kind: 'adam' } } });`,
    );
    await expect(loadModel(dense, options)).rejects.toThrow('"dense.optimizer" must be sgd');
  });

  it('suggests a name, and refuses labels that the schema does not have', async () => {
    await expect(loadModel('lt', options)).rejects.toThrow('no model is named "lt"; did you mean "lr"?');
    await expect(loadModel('transformer', options)).rejects.toThrow(
      'no model is named "transformer" (built in: lr, lr-calibrated, fm, doc-vector; anything else is a file',
    );
    const schema = parseSchema('{"features":[],"labels":[{"name":"click"}]}');
    await expect(loadModel('lr', { schema, labels: ['clik'] })).rejects.toThrow('did you mean "click"?');
    await expect(loadModel('lr', { schema, labels: [] })).rejects.toThrow('1 to 64 distinct names');
  });
});

describe('readSchema', () => {
  it('reads a file, and names one that is not there', async () => {
    const path = await file('schema.json', '{"features":[]}');
    expect((await readSchema(path)).features).toEqual([]);
    await expect(readSchema(join(folder, 'absent.json'))).rejects.toThrow(/absent\.json: ENOENT/);
  });
});

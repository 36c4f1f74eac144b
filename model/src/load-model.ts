// Models by name or file, schemas by file: the only part of this package that reads anything.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WeirError } from '@weir/proto';
import type { DenseDefinition } from './dense.ts';
import { docVector } from './doc-vector.ts';
import { fm } from './fm.ts';
import { DENSE_WEIGHTS_MAX, LABELS_MAX, STATIC_WIDTH_MAX } from './limits.ts';
import { lr } from './lr.ts';
import { lrCalibrated } from './lr-calibrated.ts';
import type { Model, ModelFactory, ModelOptions } from './model.ts';
import { didYouMean } from './nearest-name.ts';
import { parseSchema } from './parse-schema.ts';
import type { Schema } from './schema.ts';
import { parseStaticPart, type StaticPart } from './static-part.ts';

const MODELS: Readonly<Record<string, ModelFactory>> = {
  lr,
  'lr-calibrated': lrCalibrated,
  fm,
  'doc-vector': docVector,
};
const FILE = /\.[mc]?[jt]s$/;

/**
 * @param nameOrFile `lr`, `lr-calibrated`, `fm`, `doc-vector`, or the path of a module whose default export is a ModelFactory
 * @throws WeirError CONFIGURATION naming the model, label or member that is wrong
 */
export async function loadModel(nameOrFile: string, options: ModelOptions): Promise<Model> {
  checkLabels(options);
  const factory = MODELS[nameOrFile] ?? (await importFactory(nameOrFile));
  const model = factory(options);
  const wrong = whatIsWrong(model);
  if (wrong !== undefined) throw new WeirError('CONFIGURATION', `model ${nameOrFile}: ${wrong}`);
  checkStaticPart(model, options.staticPart);
  return model;
}

/** @throws WeirError CONFIGURATION when the file cannot be read or is no schema. */
export async function readSchema(file: string): Promise<Schema> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new WeirError('CONFIGURATION', `schema ${file}: ${(error as Error).message}`, { cause: error });
  }
  return parseSchema(text, file);
}

/** @throws WeirError CONFIGURATION when the file cannot be read or is no static part. */
export async function readStaticPart(file: string): Promise<StaticPart> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new WeirError('CONFIGURATION', `static part ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return parseStaticPart(bytes, `static part ${file}`);
}

function checkStaticPart({ name, staticHash, schemaFingerprint }: Model, part: StaticPart | undefined): void {
  if (part === undefined) return;
  if (staticHash !== part.hash) {
    throw new WeirError('CONFIGURATION', `model ${name} takes no static part; leave --static out`);
  }
  if (part.schemaFingerprint === schemaFingerprint) return;
  throw new WeirError(
    'CONFIGURATION',
    `the static part was trained for the schema ${part.schemaFingerprint}, the model has ${schemaFingerprint}`,
  );
}

function checkLabels({ labels, schema }: ModelOptions): void {
  if (labels.length === 0 || labels.length > LABELS_MAX || new Set(labels).size !== labels.length) {
    throw new WeirError('CONFIGURATION', `labels [${labels}]: 1 to ${LABELS_MAX} distinct names are needed`);
  }
  const known = schema?.labels.map((label) => label.name) ?? [];
  for (const label of labels) {
    if (known.length > 0 && !known.includes(label)) {
      throw new WeirError(
        'CONFIGURATION',
        `label "${label}" is not in the schema${didYouMean(label, known)}`,
      );
    }
  }
}

async function importFactory(file: string): Promise<ModelFactory> {
  if (!FILE.test(file)) {
    const names = Object.keys(MODELS);
    throw new WeirError(
      'CONFIGURATION',
      `no model is named "${file}"${didYouMean(file, names)} (built in: ${names.join(', ')}; anything else is a file, .ts, .js or .mjs)`,
    );
  }
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new WeirError('CONFIGURATION', `model ${file}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof module.default !== 'function') {
    throw new WeirError(
      'CONFIGURATION',
      `model ${file} has no default export that is a function ({ schema, labels }) => Model`,
    );
  }
  return module.default as ModelFactory;
}

/** A model file need not be TypeScript; what it lacks is said at the start, not in the first window. */
function whatIsWrong(model: Partial<Model> | undefined): string | undefined {
  if (typeof model !== 'object' || model === null) return 'the factory returned no model';
  for (const method of ['keys', 'forward', 'gradients'] as const) {
    if (typeof model[method] !== 'function') return `has no method "${method}"`;
  }
  for (const list of ['labels', 'tables'] as const) {
    if (!Array.isArray(model[list]) || model[list].length === 0)
      return `"${list}" must be an array that is not empty`;
  }
  if (typeof model.schema?.fingerprint !== 'string')
    return 'has no "schema" (without a file: implicitSchema)';
  if (model.schemaFingerprint !== model.schema.fingerprint)
    return '"schemaFingerprint" is not that of its schema';
  if (typeof model.name !== 'string' || model.name === '') return 'has no "name"';
  if (typeof model.staticHash !== 'string') return 'has no "staticHash" (empty without a static part)';
  const { staticWidth = 0 } = model;
  if (!Number.isSafeInteger(staticWidth) || staticWidth < 0 || staticWidth > STATIC_WIDTH_MAX + LABELS_MAX)
    return `"staticWidth" is ${staticWidth}`;
  if (model.dense !== undefined) return whatIsWrongWithDense(model.dense);
  return undefined;
}

function whatIsWrongWithDense({ initial, optimizer }: Partial<DenseDefinition>): string | undefined {
  if (!(initial instanceof Float32Array) || initial.length === 0 || !initial.every(Number.isFinite)) {
    return '"dense.initial" must be a Float32Array of finite weights that is not empty';
  }
  if (initial.length > DENSE_WEIGHTS_MAX) {
    return `"dense.initial" has ${initial.length} weights, at most ${DENSE_WEIGHTS_MAX}`;
  }
  const { kind, learningRate } = optimizer ?? {};
  const numbers = [learningRate, optimizer?.kind === 'adagrad' ? optimizer.initialAccumulator : 1];
  if ((kind !== 'sgd' && kind !== 'adagrad') || !numbers.every((value) => value !== undefined && value > 0)) {
    return '"dense.optimizer" must be sgd with a learningRate, or adagrad with an initialAccumulator too, both above 0';
  }
  return undefined;
}

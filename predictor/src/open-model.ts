// From a model's name, its static part and its table set to a model that can be served: checked, loaded, its rows followed.
import { readFile } from 'node:fs/promises';
import {
  createExampleDecoder,
  loadModel,
  parseStaticPart,
  type Schema,
  type StaticPart,
  trainerGroup,
} from '@weir/model';
import { WeirError } from '@weir/proto';
import type { ModelVersion } from '@weir/proto/v1/common';
import type { Runtime } from '@weir/runtime';
import type { Weir } from '@weir/sdk';
import { DenseFollower } from './dense-follower.ts';
import { followTables } from './follow-tables.ts';
import type { Freshness } from './freshness.ts';
import { FrozenArm } from './frozen-arm.ts';
import type { PredictorMetrics } from './metrics.ts';
import { ServedModel } from './served-model.ts';
import { requireInputs, staticFeeds } from './static-part/static-feeds.ts';
import { StaticRunner } from './static-part/static-runner.ts';

/** What stays the same over the life of a predictor. */
export interface OpenContext {
  readonly modelName: string;
  readonly schema: Schema | undefined;
  readonly labels: readonly string[];
  readonly weir: Weir;
  readonly log: Runtime['log'];
  readonly freshness: Freshness;
  readonly metrics: PredictorMetrics;
}

export interface ModelSource {
  /** Of a static part, an ONNX model; undefined: none. */
  readonly staticFile: string | undefined;
  readonly tableSet: string;
  /** Rank requests after which it is copied for a shadow; undefined: never. */
  readonly freezeAfter: number | undefined;
}

/**
 * @param accept called before anything is loaded or made; throws what is to be thrown.
 * @throws WeirError CONFIGURATION naming what does not fit together.
 */
export async function openModel(
  context: OpenContext,
  source: ModelSource,
  accept: (version: ModelVersion) => void = () => {},
): Promise<ServedModel> {
  const { modelName, schema, labels, weir, log, freshness, metrics } = context;
  const { staticFile, tableSet, freezeAfter } = source;
  const file = staticFile === undefined ? undefined : await readStatic(staticFile);
  const model = await loadModel(modelName, { schema, labels, staticPart: file?.part });
  const { staticHash, schemaFingerprint } = model;
  const version = { staticHash, schemaFingerprint, tableSet, rows: [] };
  accept(version);
  const staticPart = file && { part: file.part, runner: await startRunner(file, model.schema) };
  const following = new AbortController();
  try {
    const sources = await followTables({
      model,
      weir,
      tableSet,
      log,
      freshness,
      metrics,
      signal: following.signal,
    });
    const dense = model.dense && new DenseFollower(model.dense);
    if (dense !== undefined) {
      // Before anything is served, so that a restart does not go back to initial weights.
      const group = weir.group(trainerGroup(tableSet));
      const latest = await group.latest();
      if (latest !== undefined) dense.adopt(latest, log);
      // A failure that waiting cannot help ends the process, here as an unhandled rejection.
      void dense.follow(group.results({ signal: following.signal }), log);
    }
    return new ServedModel({
      model,
      decoder: createExampleDecoder(model.schema, model.staticWidth),
      version,
      sources,
      dense,
      frozen: freezeAfter === undefined ? undefined : new FrozenArm(sources, dense, freezeAfter),
      staticPart,
      following,
    });
  } catch (error) {
    following.abort();
    await staticPart?.runner.close();
    throw error;
  }
}

interface StaticFile {
  readonly part: StaticPart;
  readonly onnx: Uint8Array;
}

/** Read once: what is run is what the hash is of. */
async function readStatic(file: string): Promise<StaticFile> {
  try {
    const onnx = await readFile(file);
    return { onnx, part: parseStaticPart(onnx, `static part ${file}`) };
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('CONFIGURATION', `static part ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** With a first run behind it, which is slower than others and shows whether the outputs are what they should be. */
async function startRunner({ part, onnx }: StaticFile, schema: Schema): Promise<StaticRunner> {
  requireInputs(part, schema);
  const runner = await StaticRunner.start(part, onnx);
  try {
    const request = {
      servingId: '',
      timeMs: 0,
      user: '',
      scene: '',
      docIds: [''],
      features: new Uint8Array(0),
    };
    await runner.run(staticFeeds(part, schema, request), 1);
    return runner;
  } catch (error) {
    await runner.close();
    throw error;
  }
}

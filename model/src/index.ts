export { encodeFeatureBlock, type FeatureBlockInput, type FeatureValues } from '@weir/proto';
export { createExampleDecoder, type ExampleDecoder } from './decode-examples.ts';
export {
  type DenseDefinition,
  type DenseOptimizer,
  type DenseState,
  initialDense,
  updateDense,
} from './dense.ts';
export { averagedDense, type DensePart, denseParts } from './dense-average.ts';
export { docVector } from './doc-vector.ts';
export type { ExampleInput, Examples, Phase } from './examples.ts';
export { categoricalKey, crossKey, keyWords, numericKey } from './feature-key.ts';
export { fm } from './fm.ts';
export { loadModel, readSchema, readStaticPart } from './load-model.ts';
export { lr } from './lr.ts';
export { lrCalibrated } from './lr-calibrated.ts';
export type { Forward, Model, ModelFactory, ModelOptions, Targets } from './model.ts';
export { didYouMean } from './nearest-name.ts';
export { parseSchema } from './parse-schema.ts';
export type {
  Feature,
  FeatureSide,
  FeatureSource,
  FeatureType,
  FeatureValue,
  Label,
  Schema,
  Transform,
} from './schema.ts';
export { implicitSchema } from './schema-fingerprint.ts';
export { logLoss, PROBABILITY_MIN, sigmoid } from './sigmoid.ts';
export {
  parseStaticPart,
  STATIC_METADATA,
  STATIC_OUTPUTS,
  type StaticInput,
  type StaticPart,
} from './static-part.ts';
export { qualifiedTableName, type TableDefinition } from './table-definition.ts';
export { trainerGroup } from './trainer-group.ts';

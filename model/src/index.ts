export { encodeFeatureBlock, type FeatureBlockInput, type FeatureValues } from './encode-feature-block.ts';
export type { ExampleInput, Examples, Phase } from './examples.ts';
export type { Forward, Model, ModelFactory, ModelOptions, Targets } from './model.ts';
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
export {
  type InitializerDefinition,
  type OptimizerDefinition,
  qualifiedTableName,
  type TableDefinition,
} from './table-definition.ts';

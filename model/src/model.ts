// What trainer and predictor know of a model. Both call the same functions on the same inputs, so training
// and serving cannot compute different things. A model is pure: no clock, no randomness, no state between calls.
import type { PackedKeys } from '@weir/proto';
import type { DenseDefinition } from './dense.ts';
import type { Examples } from './examples.ts';
import type { Schema } from './schema.ts';
import type { StaticPart } from './static-part.ts';
import type { TableDefinition } from './table-definition.ts';

/** What `forward` computed, and what it was computed from. A model may return more in an extension of it. */
export interface Forward {
  readonly examples: Examples;
  readonly rows: readonly Float32Array[];
  /** [label][document], each strictly between 0 and 1 for finite rows. */
  readonly probabilities: readonly Float64Array[];
}

/** What `gradients` learns from. */
export interface Targets {
  /** [label][document], 0 to 1; meaningless where the weight is 0. */
  readonly values: readonly Float32Array[];
  /** [label][document]: how much the sample counts; 0 where the label is unknown or the sample left out. */
  readonly weights: readonly Float32Array[];
}

/**
 * What trainer and predictor know of a model. It is pure: no clock, no randomness, no state between calls, so that both compute
 * the same scores from the same rows, bit for bit.
 */
export interface Model {
  readonly name: string;
  /** Heads, in the order of `probabilities`. */
  readonly labels: readonly string[];
  readonly tables: readonly TableDefinition[];
  /** Weights that every example uses, averaged between trainers at barriers; absent: none. */
  readonly dense?: DenseDefinition;
  /** How its inputs are decoded; see `createExampleDecoder`. */
  readonly schema: Schema;
  /** Of `schema`; trainer and predictor refuse inputs that name another one. */
  readonly schemaFingerprint: string;
  /** SHA-256 (hex) of the static part; empty without one. */
  readonly staticHash: string;
  /** Numbers a document that it takes of its static part (`Examples.statics`, by `staticWidth`); absent: 0. */
  readonly staticWidth?: number;
  /** Per table the keys of the rows that `forward` needs; a key may repeat. */
  keys(examples: Examples): readonly PackedKeys[];
  /**
   * Probabilities from rows: per table keys x dim, parallel to `keys(examples)`. Must return the same bits for
   * the same examples, rows and dense weights: sums in a fixed order, no state.
   * @param dense as many weights as `dense.initial` has, which stands for them if they are absent. They change after the call:
   * what `gradients` needs of them is to be copied.
   */
  forward(examples: Examples, rows: readonly Float32Array[], dense?: Float32Array): Forward;
  /**
   * Gradients of the summed weighted log loss with respect to the rows: per table keys x dim, parallel to
   * `keys(examples)`; behind them, for a model with a dense part, those with respect to the dense weights. A target of
   * weight 0 contributes nothing.
   */
  gradients(forward: Forward, targets: Targets): readonly Float32Array[];
}

/** What a model is made from. */
export interface ModelOptions {
  /** Absent: no schema file; `implicitSchema` stands for it. */
  readonly schema: Schema | undefined;
  readonly labels: readonly string[];
  /** Absent: none was given. */
  readonly staticPart?: StaticPart | undefined;
}

/** Default export of a `--model FILE`. */
export type ModelFactory = (options: ModelOptions) => Model;

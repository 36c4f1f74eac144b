// Writes static vectors behind the feature block that a caller sent: fields of a Protobuf message may follow each other anywhere,
// and the last one counts, so nothing is decoded or copied field by field.
import { bytesOf } from '@weir/proto';
import { FeatureBlock } from '@weir/proto/v1/features';

/** @param vectors documents x width. */
export function addStaticVectors(
  features: Uint8Array,
  vectors: Float32Array,
  width: number,
): Uint8Array<ArrayBuffer> {
  const behind = FeatureBlock.encode({
    // A block without any feature need not have been sent.
    documents: vectors.length / width,
    context: [],
    document: [],
    exposure: [],
    staticVectors: { width, values: bytesOf(vectors) },
  }).finish();
  const both = new Uint8Array(features.byteLength + behind.byteLength);
  both.set(features);
  both.set(behind, features.byteLength);
  return both;
}

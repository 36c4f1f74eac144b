// What a static part says of itself: the head of an ONNX file. It is run by the predictor alone, and what it computed is
// logged with the request; a trainer needs no more than this.
import { createHash } from 'node:crypto';
import { WeirError } from '@weir/proto';
import { ModelProto, TensorProto_DataType, type ValueInfoProto } from '@weir/proto/onnx';
import { STATIC_WIDTH_MAX } from './limits.ts';

/** The head of an ONNX file: what it takes and gives. */
export interface StaticPart {
  /** SHA-256 (hex) of the file. */
  readonly hash: string;
  /** Of the schema that it was trained for. */
  readonly schemaFingerprint: string;
  /** That its offsets are for, in their order. */
  readonly labels: readonly string[];
  /** Numbers of an embedding. */
  readonly width: number;
  /** Features that it takes. */
  readonly inputs: readonly StaticInput[];
}

/** An input of a static part. */
export interface StaticInput {
  /** Of the feature. */
  readonly name: string;
  readonly type: 'categorical' | 'numeric';
  /** One value, or one a document. */
  readonly side: 'context' | 'document';
}

/** Keys of the file's `metadata_props`. */
export const STATIC_METADATA = { schema: 'weir.schema_fingerprint', labels: 'weir.labels' } as const;
/** Logits, documents x labels, and vectors, documents x width; both f32. */
export const STATIC_OUTPUTS = { offset: 'offset', embedding: 'embedding' } as const;

/**
 * @param file what the bytes came from, for messages
 * @throws WeirError CONFIGURATION naming the input, output or metadata that is wrong
 */
export function parseStaticPart(bytes: Uint8Array, file = 'static part'): StaticPart {
  const wrong = (what: string) => new WeirError('CONFIGURATION', `${file}: ${what}`);
  let model: ModelProto;
  try {
    model = ModelProto.decode(bytes);
  } catch (error) {
    throw new WeirError('CONFIGURATION', `${file}: no ONNX model (${(error as Error).message})`, {
      cause: error,
    });
  }
  const { graph, metadataProps } = model;
  if (graph === undefined) throw wrong('no ONNX model (it has no graph)');
  const metadata = (key: string): string => {
    const entry = metadataProps.find((one) => one.key === key);
    if (entry === undefined) throw wrong(`its metadata lack "${key}"`);
    return entry.value;
  };
  const schemaFingerprint = metadata(STATIC_METADATA.schema);
  const labels = metadata(STATIC_METADATA.labels).split(',');
  const columns = (name: string): number => {
    const output = graph.output.find((one) => one.name === name);
    if (output === undefined) throw wrong(`it has no output "${name}"`);
    const { type, shape } = tensorOf(output);
    const width = shape[1];
    if (type !== TensorProto_DataType.FLOAT || shape.length !== 2 || shape[0] !== 0 || !width) {
      throw wrong(`output "${name}" must be f32, documents x a fixed number`);
    }
    return width;
  };
  const width = columns(STATIC_OUTPUTS.embedding);
  if (width > STATIC_WIDTH_MAX) throw wrong(`embeddings of ${width} numbers; at most ${STATIC_WIDTH_MAX}`);
  if (columns(STATIC_OUTPUTS.offset) !== labels.length) {
    throw wrong(`output "offset" has not one number for each of its labels [${labels}]`);
  }
  const inputs = graph.input.map((input) => staticInput(input, wrong));
  if (!inputs.some(({ side }) => side === 'document')) throw wrong('no input has a value for each document');
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { hash, schemaFingerprint, labels, width, inputs };
}

function staticInput(value: ValueInfoProto, wrong: (what: string) => WeirError): StaticInput {
  const { type, shape } = tensorOf(value);
  const isText = type === TensorProto_DataType.STRING;
  if ((!isText && type !== TensorProto_DataType.FLOAT) || shape.length !== 1 || shape[0]! > 1) {
    throw wrong(`input "${value.name}" must be one string or f32 number, or one a document`);
  }
  return {
    name: value.name,
    type: isText ? 'categorical' : 'numeric',
    side: shape[0] === 1 ? 'context' : 'document',
  };
}

/** A size that is not fixed is 0. */
function tensorOf({ type }: ValueInfoProto): { readonly type: number; readonly shape: readonly number[] } {
  const tensor = type?.tensorType;
  return {
    type: tensor?.elemType ?? TensorProto_DataType.UNDEFINED,
    shape: tensor?.shape?.dim.map(({ dimValue }) => dimValue ?? 0) ?? [],
  };
}

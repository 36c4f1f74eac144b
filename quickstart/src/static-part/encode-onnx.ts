// Factors as a static part: an ONNX model from the ids of a user and of documents to each document's logit and embedding.
// offset = mean + biases + product of the vectors; embedding = the user's vector. An id that was not seen has zeros. Pure.
import { STATIC_METADATA, STATIC_OUTPUTS } from '@weir/model';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from '@weir/proto/onnx';
import { type Factors, type Side, WIDTH } from './factorise.ts';

export interface StaticPartNames {
  /** Features that hold the ids. */
  readonly user: string;
  readonly item: string;
  readonly label: string;
  readonly schemaFingerprint: string;
}

const IR_VERSION = 8;
const OPERATORS = [
  { domain: '', version: 13 },
  { domain: 'ai.onnx.ml', version: 2 },
];
const { FLOAT, INT64, STRING } = TensorProto_DataType;

export function encodeStaticPart({ mean, users, items }: Factors, names: StaticPartNames): Uint8Array {
  const { offset, embedding } = STATIC_OUTPUTS;
  return ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: 'weir',
    producerVersion: '',
    opsetImport: OPERATORS,
    metadataProps: [
      { key: STATIC_METADATA.schema, value: names.schemaFingerprint },
      { key: STATIC_METADATA.labels, value: names.label },
    ],
    graph: {
      name: 'doc-vector',
      input: [value(names.user, STRING, [1]), value(names.item, STRING, ['documents'])],
      output: [value(offset, FLOAT, ['documents', 1]), value(embedding, FLOAT, ['documents', WIDTH])],
      initializer: [
        floats('user_bias', 1, users.biases, 0),
        floats('user_vector', WIDTH, users.vectors, 0),
        // The mean stands with the items: a document that was not seen has it alone.
        floats('item_bias', 1, items.biases, mean),
        floats('item_vector', WIDTH, items.vectors, 0),
        { name: 'columns', dataType: INT64, dims: [1], rawData: bytes(BigInt64Array.of(1n)) },
      ],
      node: [
        place(names.user, 'user_place', users),
        place(names.item, 'item_place', items),
        node('Gather', ['user_bias', 'user_place'], 'own_user_bias'),
        node('Gather', ['user_vector', 'user_place'], 'own_user_vector'),
        node('Gather', ['item_bias', 'item_place'], 'own_item_bias'),
        node('Gather', ['item_vector', 'item_place'], 'own_item_vector'),
        node('Mul', ['own_user_vector', 'own_item_vector'], 'products'),
        node('ReduceSum', ['products', 'columns'], 'product'),
        node('Add', ['own_item_bias', 'own_user_bias'], 'bias'),
        node('Add', ['bias', 'product'], offset),
        node('Shape', ['own_item_vector'], 'shape'),
        node('Expand', ['own_user_vector', 'shape'], embedding),
      ],
    },
  }).finish();
}

/** From an id to its place, from 1; 0: it was not seen. */
function place(input: string, output: string, { ids }: Side): NodeProto {
  const utf8 = new TextEncoder();
  return {
    ...node('LabelEncoder', [input], output),
    domain: 'ai.onnx.ml',
    attribute: [
      {
        ...attribute('keys_strings'),
        type: AttributeProto_AttributeType.STRINGS,
        strings: ids.map((id) => utf8.encode(id)),
      },
      {
        ...attribute('values_int64s'),
        type: AttributeProto_AttributeType.INTS,
        ints: ids.map((_, i) => i + 1),
      },
      { ...attribute('default_int64'), type: AttributeProto_AttributeType.INT, i: 0 },
    ],
  };
}

function node(opType: string, input: string[], output: string): NodeProto {
  return { name: output, opType, input, output: [output], domain: '', attribute: [] };
}

function attribute(name: string): AttributeProto {
  return { name, type: 0, f: 0, i: 0, s: new Uint8Array(0), floats: [], ints: [], strings: [] };
}

/** Rows of numbers, behind one of zeros for what was not seen; each number with `added`. */
function floats(name: string, width: number, numbers: Float64Array, added: number): TensorProto {
  const rows = new Float32Array(width + numbers.length).fill(added);
  numbers.forEach((number, i) => {
    rows[width + i] = number + added;
  });
  return { name, dataType: FLOAT, dims: [rows.length / width, width], rawData: bytes(rows) };
}

function bytes({ buffer }: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}

function value(name: string, elemType: number, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

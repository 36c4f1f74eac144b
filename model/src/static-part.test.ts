import { ModelProto, TensorProto_DataType } from '@weir/proto/onnx';
import { describe, expect, it } from 'vitest';
import { parseStaticPart, STATIC_METADATA } from './static-part.ts';

const { FLOAT, INT64, STRING } = TensorProto_DataType;

function tensor(name: string, elemType: number, ...sizes: (number | undefined)[]) {
  const dim = sizes.map((dimValue) => (dimValue === undefined ? { dimParam: 'documents' } : { dimValue }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

const whole = {
  input: [tensor('user', STRING, 1), tensor('price', FLOAT, undefined)],
  output: [tensor('offset', FLOAT, undefined, 2), tensor('embedding', FLOAT, undefined, 4)],
  metadata: { [STATIC_METADATA.schema]: 'f1', [STATIC_METADATA.labels]: 'click,cart' },
};

function encode({ input, output, metadata }: Partial<typeof whole>): Uint8Array {
  return ModelProto.encode({
    irVersion: 8,
    producerName: '',
    producerVersion: '',
    opsetImport: [],
    metadataProps: Object.entries(metadata ?? whole.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      node: [],
      name: '',
      initializer: [],
      input: input ?? whole.input,
      output: output ?? whole.output,
    },
  }).finish();
}

describe('parseStaticPart', () => {
  it('reads what a static part says of itself, and hashes the file', () => {
    const part = parseStaticPart(encode({}));
    expect(part).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      schemaFingerprint: 'f1',
      labels: ['click', 'cart'],
      width: 4,
      inputs: [
        { name: 'user', type: 'categorical', side: 'context' },
        { name: 'price', type: 'numeric', side: 'document' },
      ],
    });
    expect(
      parseStaticPart(encode({ metadata: { ...whole.metadata, [STATIC_METADATA.schema]: 'f2' } })).hash,
    ).not.toBe(part.hash);
  });

  it.each([
    ['no ONNX model', new Uint8Array([0xff, 0xff]), 'a.onnx: no ONNX model'],
    ['an empty file', new Uint8Array(0), 'no ONNX model (it has no graph)'],
    [
      'no fingerprint',
      encode({ metadata: { [STATIC_METADATA.labels]: 'click' } as typeof whole.metadata }),
      'its metadata lack "weir.schema_fingerprint"',
    ],
    ['no embedding', encode({ output: [whole.output[0]!] }), 'it has no output "embedding"'],
    [
      'an embedding of a width that is not fixed',
      encode({ output: [whole.output[0]!, tensor('embedding', FLOAT, undefined, undefined)] }),
      'output "embedding" must be f32, documents x a fixed number',
    ],
    [
      'offsets for fewer labels',
      encode({ output: [tensor('offset', FLOAT, undefined, 1), whole.output[1]!] }),
      'output "offset" has not one number for each of its labels [click,cart]',
    ],
    [
      'an input of another type',
      encode({ input: [tensor('user', INT64, 1)] }),
      'input "user" must be one string or f32 number, or one a document',
    ],
    [
      'no input of a document',
      encode({ input: [whole.input[0]!] }),
      'no input has a value for each document',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseStaticPart(bytes, 'a.onnx')).toThrow(message);
  });
});

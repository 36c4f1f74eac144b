// Sample records as the stitcher writes them, for tests.
import { encodeFeatureBlock, type FeatureBlockInput } from '@weir/model';
import { bytesOf } from '@weir/proto';
import { SampleKind, SampleRecord } from '@weir/proto/v1/records';

export interface SampleSketch {
  readonly servingId?: string;
  readonly knownTimeMs?: number;
  readonly block?: FeatureBlockInput;
  /** Label -> a value per document; null: unknown. */
  readonly labels?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Label, or label@arm -> a score per document. */
  readonly scores?: Readonly<Record<string, readonly number[]>>;
  readonly record?: Partial<SampleRecord>;
}

/** Two documents with a feature each, unless the sketch says otherwise. */
export function sampleRecord(sketch: SampleSketch = {}): SampleRecord {
  const block = sketch.block ?? { docs: [{ features: { a: 'x' } }, { features: { a: 'y' } }] };
  const count = block.docs.length;
  const labels = Object.entries(sketch.labels ?? { click: Array.from({ length: count }, () => 0) });
  return {
    servingId: sketch.servingId ?? 'r1',
    timeMs: 0,
    knownTimeMs: sketch.knownTimeMs ?? 1000,
    user: 'u',
    scene: '',
    modelVersion: undefined,
    revision: 0,
    kinds: new Uint8Array(count).fill(SampleKind.REAL_NEGATIVE),
    docIds: block.docs.map((_, i) => `d${i}`),
    rows: new Uint8Array(0),
    labels: labels.map(([label, values]) => ({
      label,
      values: bytesOf(Float32Array.from(values, (value) => value ?? 0)),
      mask: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
    })),
    scores: Object.entries(sketch.scores ?? {}).map(([name, values]) => {
      const [label = '', arm = ''] = name.split('@');
      return { label, arm, values: bytesOf(Float32Array.from(values)) };
    }),
    features: encodeFeatureBlock(block),
    keepProbability: 0,
    positions: new Uint8Array(0),
    source: undefined,
    ingestTimeMs: 0,
    experimentBuckets: {},
    events: [],
    ...sketch.record,
  };
}

export function encodedSample(sketch: SampleSketch = {}): Uint8Array {
  return SampleRecord.encode(sampleRecord(sketch)).finish();
}

// Rank requests of a load: those of a replay file, or made up.
import { encodeFeatureBlock } from '@weir/proto';
import { readRecords } from '@weir/quickstart';
import { keyBatches } from '../bench/ps-workload.ts';
import type { RankPayload } from './k6/plan.ts';

/** Different ones; clients repeat them. */
const REQUESTS = 64;
const DOCUMENTS = 500;
const DOCUMENTS_THERE = 100_000;

interface DocumentFeatures {
  readonly doc: string;
  readonly brand: string;
  readonly price: number;
  readonly [name: string]: string | number;
}

/** Of each request; documents by Zipf's law, as with rows. */
export function madeUpDocuments(randomSeed: number): DocumentFeatures[][] {
  return keyBatches('zipf', REQUESTS, DOCUMENTS, DOCUMENTS_THERE, randomSeed).map((keys) =>
    Array.from(keys, (key) => {
      // Keys have the row's number in their low word.
      const row = Number(key & 0xffff_ffffn);
      return { doc: `d${row}`, brand: `b${row % 100}`, price: 1 + (row % 50) };
    }),
  );
}

export function madeUpRequests(randomSeed: number): RankPayload[] {
  return madeUpDocuments(randomSeed).map((docs, i) => {
    const user = `u${i}`;
    const features = encodeFeatureBlock({
      context: { user },
      docs: docs.map((own) => ({ features: own })),
    });
    return payload({ user, scene: 'load', docIds: docs.map((_, place) => `p${place}`), features });
  });
}

/** The first requests of a file that `weir replay` takes (`docs/replay-format.md`). */
export async function requestsOfFile(path: string): Promise<RankPayload[]> {
  const requests: RankPayload[] = [];
  const onBadLine = (line: number, reason: string): never => {
    throw new Error(`${path}:${line}: ${reason}`);
  };
  for await (const record of readRecords('ndjson', path, onBadLine)) {
    if (record.kind === 'request') requests.push(payload(record));
    if (requests.length === REQUESTS) break;
  }
  if (requests.length === 0) throw new Error(`${path} has no request`);
  return requests;
}

function payload(request: Omit<RankPayload, 'features'> & { readonly features: Uint8Array }): RankPayload {
  const { user, scene, docIds, features } = request;
  return { user, scene, docIds, features: Buffer.from(features).toString('base64') };
}

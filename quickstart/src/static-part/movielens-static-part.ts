// The static part that is shipped: trained on the first 30 % of MovieLens' ratings, by time. What comes later it has not seen, so
// that later figures are honest.
import { implicitSchema } from '@weir/model';
import { readRecords } from '../formats/formats.ts';
import { MOVIELENS } from '../movielens-set.ts';
import { encodeStaticPart } from './encode-onnx.ts';
import { type Factors, factorise, type Like } from './factorise.ts';

export const TRAINED_PART = 0.3;

export interface TrainedPart {
  readonly onnx: Uint8Array;
  readonly factors: Factors;
  readonly ratings: number;
}

/** @throws Error for a line of the set that cannot be used. */
export async function trainMovielensStaticPart(): Promise<TrainedPart> {
  const ratings = Math.floor(MOVIELENS.requests * TRAINED_PART);
  const seen: { readonly id: string; readonly user: string; readonly item: string }[] = [];
  const liked = new Set<string>();
  const records = readRecords('movielens', MOVIELENS.path, (line, reason) => {
    throw new Error(`line ${line}: ${reason}`);
  });
  for await (const record of records) {
    if (record.kind === 'event') liked.add(record.servingId);
    // A like comes soon after its rating, but not before every later one.
    else if (seen.length === ratings + LIKES_BEHIND) break;
    else seen.push({ id: record.servingId, user: record.user, item: record.docIds[0]! });
  }
  const likes = seen
    .slice(0, ratings)
    .map(({ id, user, item }): Like => ({ user, item, liked: liked.has(id) ? 1 : 0 }));
  const factors = factorise(likes);
  const { fingerprint: schemaFingerprint } = implicitSchema;
  const onnx = encodeStaticPart(factors, { user: 'user', item: 'item', label: 'click', schemaFingerprint });
  return { onnx, factors, ratings };
}

/** Ratings that are read on, until every like of the ratings before them has come: half a second holds far fewer. */
const LIKES_BEHIND = 1_000;

// MovieLens: every rating is a request with one document, and a like (4 stars or more) a click shortly after.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFeatureBlock } from '@weir/model';
import { numberField } from './csv.ts';
import { readCsvRows } from './csv-rows.ts';
import { externalSort } from './external-sort.ts';
import type { EventRecord, OnBadLine, ReplayRecord, RequestRecord } from './record.ts';
import { idOfRow } from './row-id.ts';

interface RatingRow {
  readonly timeMs: number;
  readonly user: number;
  readonly movie: number;
  readonly rating: number;
}

const LIKE_MIN = 4;
const LIKE_DELAY_MS = 500;
const COLUMNS = ['userId', 'movieId', 'rating', 'timestamp'] as const;

/** @param path the set's folder, or its ratings file. */
export async function* readMovielens(path: string, onBadLine: OnBadLine): AsyncGenerator<ReplayRecord> {
  const file = (await stat(path).catch(() => undefined))?.isDirectory() ? join(path, 'ratings.csv.gz') : path;
  const sorted = externalSort(readCsvRows(file, COLUMNS, parseRow, onBadLine), {
    compare: (a, b) => a.timeMs - b.timeMs || a.user - b.user || a.movie - b.movie,
    encode: (row) => JSON.stringify(row),
    decode: (text) => JSON.parse(text) as RatingRow,
  });
  const likes: EventRecord[] = [];
  for await (const { line, row } of sorted) {
    while (likes.length > 0 && likes[0]!.timeMs <= row.timeMs) yield likes.shift()!;
    const request = ratingRequest(idOfRow('movielens', line), row);
    yield request;
    if (row.rating >= LIKE_MIN) likes.push(likeOf(request));
  }
  yield* likes;
}

function parseRow(fields: Readonly<Record<(typeof COLUMNS)[number], string>>): RatingRow {
  return {
    timeMs: numberField(fields.timestamp, 'timestamp') * 1000,
    user: numberField(fields.userId, 'userId'),
    movie: numberField(fields.movieId, 'movieId'),
    rating: numberField(fields.rating, 'rating'),
  };
}

function ratingRequest(servingId: string, row: RatingRow): RequestRecord {
  const user = String(row.user);
  const movie = String(row.movie);
  return {
    kind: 'request',
    timeMs: row.timeMs,
    servingId,
    user,
    scene: '',
    docIds: [movie],
    features: encodeFeatureBlock({ context: { user }, docs: [{ features: { item: movie } }] }),
  };
}

/** Of a request for this movie by somebody of whom nothing is known. */
export const movieFeatures = (movie: string): Uint8Array =>
  encodeFeatureBlock({ context: {}, docs: [{ features: { item: movie } }] });

function likeOf(request: RequestRecord): EventRecord {
  return {
    kind: 'event',
    timeMs: request.timeMs + LIKE_DELAY_MS,
    eventId: `${request.servingId}-like`,
    type: 'click',
    servingId: request.servingId,
    user: request.user,
    docId: request.docIds[0]!,
    value: 1,
  };
}

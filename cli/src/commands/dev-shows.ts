// What `weir dev` can show: the traffic, how fast it comes, and how the loop is set for it.
import {
  BadLines,
  MOVIELENS,
  movieFeatures,
  type ReplayOptions,
  readRecords,
  type ShopFigures,
  ShopTraffic,
  shopFeatures,
} from '@weir/quickstart';
import { checkInput } from './check-input.ts';

export interface Show {
  readonly title: string;
  readonly requestsTotal: number;
  readonly requestsPerSecond: number;
  /** Of the trainer's window, in requests. */
  readonly window: number;
  readonly attributionMs: number;
  /** Requests after which a copy of the model is frozen. */
  readonly freezeAfter: number;
  /** Of the users: those whom the frozen copy answers. */
  readonly frozenPercent: number;
  readonly records: ReplayOptions['records'];
  readonly onAnswered: ReplayOptions['onAnswered'];
  /** Of a request for one document, of which nothing else is known. */
  readonly featuresOf: (id: string) => Uint8Array;
  readonly shop: (() => ShopFigures) | undefined;
}

export function openShow(name: 'movielens' | 'shop', note: (message: string) => void): Promise<Show> {
  return name === 'shop' ? Promise.resolve(shop()) : movielens(note);
}

async function movielens(note: (message: string) => void): Promise<Show> {
  // Its terms keep it out of the npm packages.
  await checkInput(`${MOVIELENS.name}, which comes with a clone of the repository,`, MOVIELENS.path);
  const badLines = new BadLines(MOVIELENS.path, true, note);
  return {
    title: `${MOVIELENS.name}, a like is a rating of 4 stars or more`,
    requestsTotal: MOVIELENS.requests,
    // 22 years are sent as a steady stream; with it the whole set takes a minute and a half.
    requestsPerSecond: 1_200,
    // A request is one document, so windows are small: what a user just liked counts in the next answers.
    window: 4,
    // A like comes half a second after its rating; 20 minutes as usual would only make the model learn later.
    attributionMs: 10_000,
    freezeAfter: Math.round(MOVIELENS.requests * 0.3),
    frozenPercent: 0,
    records: readRecords('movielens', MOVIELENS.path, badLines.add.bind(badLines)),
    onAnswered: undefined,
    featuresOf: movieFeatures,
    shop: undefined,
  };
}

const VISITS_PER_SECOND = 300;

function shop(): Show {
  const visits = 65 * VISITS_PER_SECOND;
  const traffic = new ShopTraffic({
    seed: 1,
    visits,
    shiftAfter: 20 * VISITS_PER_SECOND,
    visitsPerSecond: VISITS_PER_SECOND,
    startMs: Date.now(),
  });
  return {
    title:
      'a shop in which the season changes; half of the shoppers are answered by a frozen copy of the model',
    requestsTotal: visits,
    requestsPerSecond: VISITS_PER_SECOND,
    window: 8,
    // Who clicks does so at once.
    attributionMs: 2_000,
    freezeAfter: 10 * VISITS_PER_SECOND,
    frozenPercent: 50,
    records: traffic.records(),
    onAnswered: traffic.answered.bind(traffic),
    featuresOf: shopFeatures,
    shop: traffic.figures.bind(traffic),
  };
}

// The features of a JData request: who asks, for which product, and what was known of both before. All are
// categorical; counts, times and shares stand as the whole part of a logarithm to the base 2. What is not known has no value.
import { encodeFeatureBlock } from '@weir/model';
import type { JdataComments, JdataProduct, JdataRequest, JdataUser } from './jdata-files.ts';
import type { Acted, JdataHistory } from './jdata-history.ts';

export interface JdataCatalogue {
  readonly users: ReadonlyMap<string, JdataUser>;
  readonly products: ReadonlyMap<string, JdataProduct>;
}

type Values = Record<string, string>;

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Actions counted one by one; the others are rare. */
const COUNTED = ['browse', 'click', 'cart', 'remove', 'purchase', 'follow'] as const;

/** Precondition: `history` has what is before the request's time, and of it all. */
export function jdataFeatures(
  request: JdataRequest,
  { users, products }: JdataCatalogue,
  history: JdataHistory,
): Uint8Array {
  const { pair, user, sku, timeMs } = request;
  return encodeFeatureBlock({
    context: {
      ...userValues(users.get(user), timeMs),
      ...actedValues('user', history.user(user), timeMs),
    },
    docs: [
      {
        features: {
          ...productValues(products.get(sku)),
          ...actedValues('sku', history.product(sku), timeMs),
          ...actedValues('pair', history.pair(pair), timeMs),
          ...commentValues(history.comments(sku)),
          ...cataloguedValues(products.get(sku) ?? history.catalogued(sku)),
        },
      },
    ],
  });
}

function userValues(user: JdataUser | undefined, timeMs: number): Values {
  if (user === undefined) return {};
  const { age, sex, level, registeredMs } = user;
  const known = registeredMs !== undefined && registeredMs <= timeMs;
  return {
    age,
    sex,
    level,
    ...(known && { registered: bucket((timeMs - registeredMs) / DAY_MS) }),
  };
}

function productValues(product: JdataProduct | undefined): Values {
  if (product === undefined) return {};
  const { a1, a2, a3 } = product;
  return { a1, a2, a3 };
}

function cataloguedValues(found: { readonly category: string; readonly brand: string } | undefined): Values {
  return found === undefined ? {} : { category: found.category, brand: found.brand };
}

function commentValues(comments: JdataComments | undefined): Values {
  if (comments === undefined) return {};
  const { count, hasBad, badRate } = comments;
  return { comments: count, bad_comments: hasBad, bad_comment_percent: bucket(100 * badRate) };
}

/** `NAME_click` and so on: how many; `NAME_since`: seconds since the last of any. */
function actedValues(name: string, acted: Acted | undefined, timeMs: number): Values {
  if (acted === undefined) return { [`${name}_since`]: 'never' };
  const values: Values = { [`${name}_since`]: bucket((timeMs - acted.lastMs) / SECOND_MS) };
  for (const type of COUNTED) values[`${name}_${type}`] = bucket(acted.counts.get(type) ?? 0);
  return values;
}

/** Precondition: at least 0. */
function bucket(value: number): string {
  return String(Math.floor(Math.log2(value + 1)));
}

// What a shop would know of a pair, a user and a product before a request: the actions so far, and the newest
// comments. It knows nothing of what comes at the request's own time or later. Bounded; pure.
import { JDATA_PAIRS_MAX, JDATA_PRODUCTS_MAX, JDATA_USERS_MAX } from '../limits.ts';
import type { JdataAction, JdataComments } from './jdata-files.ts';
import { RecentMap } from './recent-map.ts';

/** Actions so far, by type. */
export interface Acted {
  readonly counts: ReadonlyMap<string, number>;
  readonly lastMs: number;
}

interface ActedState extends Acted {
  readonly counts: Map<string, number>;
  lastMs: number;
}

/** As the last action on the product said. */
interface Catalogued {
  readonly category: string;
  readonly brand: string;
}

export class JdataHistory {
  readonly #pairs = new RecentMap<string, ActedState>(JDATA_PAIRS_MAX);
  readonly #users = new RecentMap<string, ActedState>(JDATA_USERS_MAX);
  readonly #products = new RecentMap<string, ActedState>(JDATA_PRODUCTS_MAX);
  readonly #catalogue = new RecentMap<string, Catalogued>(JDATA_PRODUCTS_MAX);
  readonly #comments = new RecentMap<string, JdataComments>(JDATA_PRODUCTS_MAX);

  act(action: JdataAction): void {
    add(this.#pairs, action.pair, action);
    add(this.#users, action.user, action);
    add(this.#products, action.sku, action);
    this.#catalogue.set(action.sku, action);
  }

  comment(comments: JdataComments): void {
    this.#comments.set(comments.sku, comments);
  }

  pair(pair: string): Acted | undefined {
    return this.#pairs.get(pair);
  }

  user(user: string): Acted | undefined {
    return this.#users.get(user);
  }

  product(sku: string): Acted | undefined {
    return this.#products.get(sku);
  }

  catalogued(sku: string): Catalogued | undefined {
    return this.#catalogue.get(sku);
  }

  comments(sku: string): JdataComments | undefined {
    return this.#comments.get(sku);
  }
}

function add(all: RecentMap<string, ActedState>, key: string, { type, timeMs }: JdataAction): void {
  const acted = all.get(key) ?? { counts: new Map<string, number>(), lastMs: timeMs };
  acted.counts.set(type, (acted.counts.get(type) ?? 0) + 1);
  acted.lastMs = timeMs;
  all.set(key, acted);
}

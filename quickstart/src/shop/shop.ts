// A made-up shop: shoppers of a few kinds, wares of a few categories, and who likes what, until the season changes and
// everybody likes something else. Everything follows from the seed and a visit's number. Pure.
import { encodeFeatureBlock, xxHash64 } from '@weir/proto';

export interface Visit {
  readonly number: number;
  readonly user: string;
  readonly kind: string;
  /** What is to be put in order for this shopper. */
  readonly wares: readonly string[];
}

/** What people like before and after the shift. */
export type Season = 'winter' | 'summer';

const CATEGORIES = ['boots', 'coats', 'scarves', 'skis', 'sandals', 'shirts', 'hats', 'tents'] as const;
/** Every kind of shopper likes categories of its own: this many, in winter from the front half, in summer from the other. */
const KINDS = 4;
const WARES = 240;
const USERS = 5_000;
const WARES_PER_VISIT = 10;
/** Log-odds that a shopper who looks at a ware clicks on it. */
const LIKED = 0.6;
const NOT_LIKED = -3;
/** By how much wares of one category differ, at most, up or down. */
const QUALITY = 0.5;
/** That a shopper who has not clicked looks at the next ware. */
const PATIENCE = 0.8;

export class Shop {
  readonly #seed: string;

  constructor(seed: number) {
    this.#seed = String(seed);
  }

  visit(number: number): Visit {
    const user = this.#whole(USERS, 'user', number);
    const wares: string[] = [];
    const first = this.#whole(WARES, 'wares', number);
    // Neighbours in the catalogue are of different categories; a stride apart, all of them come.
    for (let i = 0; i < WARES_PER_VISIT; i++) wares.push(`ware-${(first + i * 7) % WARES}`);
    return { number, user: `u${user}`, kind: `kind-${user % KINDS}`, wares };
  }

  /** Which ware of `order` (indexes into the visit's wares, as shown) the shopper clicks on, if any. */
  choose(visit: Visit, order: Iterable<number>, season: Season): string | undefined {
    for (const index of order) {
      const ware = visit.wares[index]!;
      if (this.#unit('click', visit.number, ware) < this.#chance(visit.kind, ware, season)) return ware;
      if (this.#unit('look', visit.number, ware) > PATIENCE) return undefined;
    }
    return undefined;
  }

  #chance(kind: string, ware: string, season: Season): number {
    const quality = QUALITY * (2 * this.#unit('quality', ware) - 1);
    const logit = (isLiked(kind, ware, season) ? LIKED : NOT_LIKED) + quality;
    return 1 / (1 + Math.exp(-logit));
  }

  #whole(below: number, ...names: readonly (string | number)[]): number {
    return Math.floor(this.#unit(...names) * below);
  }

  /** Evenly spread over [0, 1): the same for the same names. */
  #unit(...names: readonly (string | number)[]): number {
    return Number(xxHash64(`${this.#seed}/${names.join('/')}`) >> 11n) / 2 ** 53;
  }
}

/** Each kind likes two categories, which change with the season. */
function isLiked(kind: string, ware: string, season: Season): boolean {
  const own = Number(kind.slice('kind-'.length));
  const liking = season === 'winter' ? own : (own + KINDS / 2) % KINDS;
  return CATEGORIES.indexOf(categoryOf(ware)) % KINDS === liking;
}

function categoryOf(ware: string): (typeof CATEGORIES)[number] {
  return CATEGORIES[Number(ware.slice('ware-'.length)) % CATEGORIES.length]!;
}

/** What the model is told of a ware: itself, its category, and how this kind of shopper and the category go together. */
export function wareFeatures(ware: string, kind: string): Record<string, string> {
  const category = categoryOf(ware);
  return { ware, category, taste: `${kind} ${category}` };
}

/** Of a request for this ware by somebody of whom nothing is known. */
export const shopFeatures = (ware: string): Uint8Array =>
  encodeFeatureBlock({ context: {}, docs: [{ features: { ware, category: categoryOf(ware) } }] });

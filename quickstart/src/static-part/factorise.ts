// Logistic matrix factorisation (Johnson 2014): the logit of a like is a mean, a bias of the user, a bias of the item and the
// product of their vectors. Plain stochastic gradient descent over the ratings in their order, from a seed: the same ratings give
// the same numbers, bit for bit. Pure.
import { sigmoid } from '@weir/model';

export interface Like {
  readonly user: string;
  readonly item: string;
  /** 0 or 1. */
  readonly liked: number;
}

/** Numbers of one side, in the order in which its ids first came. */
export interface Side {
  readonly ids: readonly string[];
  readonly biases: Float64Array;
  /** ids x WIDTH. */
  readonly vectors: Float64Array;
}

export interface Factors {
  readonly mean: number;
  readonly users: Side;
  readonly items: Side;
  /** Mean log loss of each pass, predicted before learned. */
  readonly losses: readonly number[];
}

export const WIDTH = 8;
const PASSES = 12;
const LEARNING_RATE = 0.05;
const REGULARISATION = 0.04;
const INITIAL_SPAN = 0.1;
const SEED = 20_190_301;

export function factorise(likes: readonly Like[]): Factors {
  const random = randomNumbers(SEED);
  const users = side(
    likes.map(({ user }) => user),
    random,
  );
  const items = side(
    likes.map(({ item }) => item),
    random,
  );
  const positives = likes.reduce((sum, { liked }) => sum + liked, 0);
  const mean = Math.log(positives / (likes.length - positives));
  const places = likes.map(({ user, item }) => [users.places.get(user)!, items.places.get(item)!] as const);
  const losses = Array.from({ length: PASSES }, () => {
    let loss = 0;
    likes.forEach(({ liked }, i) => {
      const [user, item] = places[i]!;
      const probability = step(mean, users, user, items, item, liked);
      loss -= Math.log(liked === 1 ? probability : 1 - probability);
    });
    return loss / likes.length;
  });
  return { mean, users, items, losses };
}

/** Returns what was predicted before the step. */
function step(mean: number, users: Side, user: number, items: Side, item: number, liked: number): number {
  const [p, q] = [user * WIDTH, item * WIDTH];
  let logit = mean + users.biases[user]! + items.biases[item]!;
  for (let k = 0; k < WIDTH; k++) logit += users.vectors[p + k]! * items.vectors[q + k]!;
  const probability = sigmoid(logit);
  const error = probability - liked;
  users.biases[user]! -= LEARNING_RATE * (error + REGULARISATION * users.biases[user]!);
  items.biases[item]! -= LEARNING_RATE * (error + REGULARISATION * items.biases[item]!);
  for (let k = 0; k < WIDTH; k++) {
    const [a, b] = [users.vectors[p + k]!, items.vectors[q + k]!];
    users.vectors[p + k] = a - LEARNING_RATE * (error * b + REGULARISATION * a);
    items.vectors[q + k] = b - LEARNING_RATE * (error * a + REGULARISATION * b);
  }
  return probability;
}

function side(
  given: readonly string[],
  random: () => number,
): Side & { places: ReadonlyMap<string, number> } {
  const ids = [...new Set(given)];
  return {
    ids,
    places: new Map(ids.map((id, place) => [id, place])),
    biases: new Float64Array(ids.length),
    vectors: Float64Array.from({ length: ids.length * WIDTH }, () => (random() - 0.5) * INITIAL_SPAN),
  };
}

/** Mulberry32 (Tommy Ettinger, public domain): 0 to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mix = Math.imul(state ^ (state >>> 15), state | 1);
    mix = (mix + Math.imul(mix ^ (mix >>> 7), mix | 61)) ^ mix;
    return ((mix ^ (mix >>> 14)) >>> 0) / 2 ** 32;
  };
}

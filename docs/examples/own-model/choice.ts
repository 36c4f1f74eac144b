// A model of one's own that stands on a built-in one: whoever sees a list clicks on one of its documents, or on none (McFadden 1974,
// conditional logit with an outside option). `fm` says how much each document is worth; what one of them wins, the others lose.
import { fm, type ModelFactory } from '@weir/model';

/** What a document is worth beside `none`, which is worth 0; of a probability that was rounded to 0 or 1, much but not everything. */
function worth(probability: number): number {
  const inside = Math.min(Math.max(probability, NEAREST), 1 - NEAREST);
  return Math.log(inside / (1 - inside));
}

const NEAREST = 1e-12;

const choice: ModelFactory = (options) => {
  const plain = fm(options);
  return {
    ...plain,
    name: 'choice',
    tables: plain.tables.map((table) => ({ ...table, name: 'choice' })),
    forward(examples, rows) {
      const forward = plain.forward(examples, rows);
      return { ...forward, probabilities: forward.probabilities.map((own) => shares(own.map(worth))) };
    },
    // The log loss of a choice has the gradient of the logistic one: what was expected less what was chosen.
    gradients: (forward, targets) => plain.gradients(forward, targets),
  };
};

export default choice;

/** e^w / (1 + the sum of them), less the largest so that nothing overflows. */
function shares(worths: Float64Array): Float64Array {
  const largest = worths.reduce((most, one) => Math.max(most, one), 0);
  const powers = worths.map((one) => Math.exp(one - largest));
  const sum = powers.reduce((all, one) => all + one, Math.exp(-largest));
  return powers.map((power) => power / sum);
}

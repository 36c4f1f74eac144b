import { describe, expect, it } from 'vitest';
import { Experiment } from './experiment.ts';

const USERS = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
const frozen = (percent: number) => {
  const experiment = new Experiment(percent);
  return USERS.filter((user) => experiment.armOf(user) === 'frozen');
};

describe('the experiment', () => {
  it.each([0, 1, 25, 50, 100])('gives %d %% of the users to the frozen copy', (percent) => {
    const share = (100 * frozen(percent).length) / USERS.length;
    // Four standard deviations of a binomial share of so many users.
    const slack = 400 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / USERS.length);
    expect(Math.abs(share - percent)).toBeLessThanOrEqual(slack);
  });

  it('keeps who is in the frozen arm there when the share grows', () => {
    const wider = new Set(frozen(30));
    expect(frozen(20).every((user) => wider.has(user))).toBe(true);
  });
});

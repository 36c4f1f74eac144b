import { describe, expect, it } from 'vitest';
import { defaultWindow, labelPlan } from './label-plan.ts';

describe('label plan', () => {
  it('groups labels by attribution window, shortest first', () => {
    const plan = labelPlan(['purchase', 'click', 'like', 'cart'].map(defaultWindow));
    expect(plan.groups).toEqual([
      { windowMs: 20 * 60_000, labels: [1, 2] },
      { windowMs: 2 * 3_600_000, labels: [3] },
      { windowMs: 24 * 3_600_000, labels: [0] },
    ]);
    expect(plan.windowMaxMs).toBe(24 * 3_600_000);
  });

  it('refuses labels without a name, given twice, or with windows that contradict each other', () => {
    const click = defaultWindow('click');
    expect(() => labelPlan([])).toThrow('at least one');
    expect(() => labelPlan([click, click])).toThrow("'click' is empty or given twice");
    expect(() => labelPlan([{ ...click, attributionMs: 1 }])).toThrow('shorter than its observation window');
    expect(() => labelPlan([{ ...click, observationMs: -1 }])).toThrow('not a whole number');
  });
});

import { describe, expect, it } from 'vitest';
import { planOf, type WindowSettings } from './parse-windows.ts';

const settings = (some: Partial<WindowSettings> = {}): WindowSettings => ({
  labels: undefined,
  schema: undefined,
  observation: [],
  attribution: [],
  ...some,
});
const MINUTE = 60_000;

describe('label windows from settings', () => {
  it('has defaults for every label', () => {
    expect(planOf(settings()).labels).toEqual([
      { label: 'click', observationMs: 10 * MINUTE, attributionMs: 20 * MINUTE },
    ]);
    expect(planOf(settings({ labels: ['cart', 'save'] })).labels).toEqual([
      { label: 'cart', observationMs: 30 * MINUTE, attributionMs: 120 * MINUTE },
      { label: 'save', observationMs: 10 * MINUTE, attributionMs: 20 * MINUTE },
    ]);
  });

  it('takes labels and windows of a schema, and lets flags override them', () => {
    const text = JSON.stringify({
      features: [],
      labels: [{ name: 'like', observationMs: 5, attributionMs: 7 }, { name: 'purchase' }],
    });
    const schema = { text, file: 'schema.json' };
    expect(planOf(settings({ schema })).labels).toEqual([
      { label: 'like', observationMs: 5, attributionMs: 7 },
      { label: 'purchase', observationMs: 30 * MINUTE, attributionMs: 1440 * MINUTE },
    ]);
    const flags = { labels: ['like'], observation: ['like=2s'], attribution: ['like=3m'] };
    expect(planOf(settings({ schema, ...flags })).labels).toEqual([
      { label: 'like', observationMs: 2_000, attributionMs: 180_000 },
    ]);
  });

  it('shortens an observation that nobody named with its attribution', () => {
    expect(planOf(settings({ attribution: ['click=5s'] })).labels[0]).toMatchObject({ observationMs: 5_000 });
  });

  it.each([
    [{ attribution: ['click=20'] }, 'is not LABEL=TIME'],
    [{ attribution: ['cart=2h'] }, 'cart is not among the labels click'],
    [{ observation: ['click=30m'] }, 'shorter than its observation window'],
    [{ schema: { text: '{', file: 's.json' } }, 's.json is not JSON'],
    [{ schema: { text: '{"labels":[{}]}', file: 's.json' } }, 'a label has no "name"'],
    [{ labels: ['a', 'a'] }, 'given twice'],
  ])('refuses %o', (some, message) => {
    expect(() => planOf(settings(some))).toThrow(message);
  });
});

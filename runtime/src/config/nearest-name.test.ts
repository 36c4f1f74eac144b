import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, nearestName } from './nearest-name.ts';

const KNOWN = ['listen', 'admin-listen', 'data', 'topology', 'durability'];

describe('nearestName', () => {
  it.each([
    ['lisen', 'listen'],
    ['dtaa', 'data'],
    ['topologie', 'topology'],
    ['Data', 'data'],
    ['durabilty', 'durability'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearestName(typed, KNOWN)).toBe(meant);
  });

  it('finds nothing where nothing is near', () => {
    expect(nearestName('zzzzzz', KNOWN)).toBeUndefined();
    expect(didYouMean('zzzzzz', KNOWN)).toBe('');
  });

  it('recognises a known name with one letter left out, wherever it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), fc.nat(), (name, position) => {
        const at = position % name.length;
        expect(nearestName(name.slice(0, at) + name.slice(at + 1), KNOWN)).toBe(name);
      }),
    );
  });
});

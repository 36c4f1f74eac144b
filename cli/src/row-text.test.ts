import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f32, parseKey, parseRow, parseRowLine } from './row-text.ts';

describe('parseKey', () => {
  it('reads every key back, decimal and hexadecimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (key) => {
        expect(parseKey(String(key))).toBe(key);
        expect(parseKey(`0x${key.toString(16)}`)).toBe(key);
      }),
    );
  });

  it.each(['', '-1', '1.5', '1e3', 'x', '0x', '0xg', '18446744073709551616', ' 1'])(
    'refuses "%s"',
    (text) => {
      expect(parseKey(text)).toBeUndefined();
    },
  );
});

describe('parseRow', () => {
  it('reads key and values', () => {
    expect(parseRow('0x2a:0.5,-1e-3')).toEqual({ key: 42n, values: [0.5, -0.001] });
  });

  it.each(['7', ':1', 'x:1', '7:', '7:1,', '7:1,x', '7:Infinity', '7:NaN'])('refuses "%s"', (text) => {
    expect(() => parseRow(text)).toThrow(/not KEY:VALUE|not a finite number/);
  });
});

describe('parseRowLine', () => {
  it('reads keys as strings and as numbers', () => {
    expect(parseRowLine('{"key":"18446744073709551615","values":[1]}').key).toBe(2n ** 64n - 1n);
    expect(parseRowLine('{"key":7,"values":[1,2]}')).toEqual({ key: 7n, values: [1, 2] });
  });

  it.each([
    ['{', 'JSON'],
    ['7', 'not a JSON object'],
    ['{"values":[1]}', '"key"'],
    ['{"key":-1,"values":[1]}', '"key"'],
    ['{"key":9007199254740993,"values":[1]}', 'lost digits'],
    ['{"key":1}', '"values"'],
    ['{"key":1,"values":["1"]}', 'finite'],
    ['{"key":1,"values":[null]}', 'finite'],
  ])('refuses %s', (line, reason) => {
    expect(() => parseRowLine(line)).toThrow(reason);
  });
});

describe('f32', () => {
  it('reads back as the same f32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        // Text has no -0.
        expect(Math.fround(f32(value)) + 0).toBe(value + 0);
      }),
    );
  });

  it('is short', () => {
    expect(f32(Math.fround(0.1))).toBe(0.1);
  });
});

import { describe, expect, it } from 'vitest';
import { parseTrim } from './parse-trim.ts';

describe('--trim', () => {
  it('names the consumers of streams', () => {
    expect(parseTrim(['features=stitcher', 'samples=trainer', 'samples=replay'])).toEqual(
      new Map([
        ['features', ['stitcher']],
        ['samples', ['trainer', 'replay']],
      ]),
    );
  });

  it.each(['features', 'features=', '=stitcher', 'a/b=stitcher', 'features=stitcher=trainer'])(
    'refuses %s',
    (text) => {
      expect(() => parseTrim([text])).toThrow(
        expect.objectContaining({
          code: 'CONFIGURATION',
          message: expect.stringContaining(`--trim: "${text}" is not STREAM=GROUP`),
        }),
      );
    },
  );
});

// Spans are begun and described in one place, whose types know which attributes there are.
import { describe, expect, it } from 'vitest';
import { sourceFiles } from './packages.ts';
import { blanked } from './source-code.ts';

const PLACE = 'proto/src/tracing/spans.ts';
/** What would let an attribute in that is not of the closed set, or a message that names what no span may hold. */
const OTHER_WAYS = /\.(startSpan|startActiveSpan|setAttributes?|recordException)\s*\(/;

const goesAnotherWay = (text: string): boolean => OTHER_WAYS.test(blanked(text, 'blank'));

describe('spans', () => {
  it('are begun and described by proto/src/tracing alone', () => {
    const files = sourceFiles().filter(({ isTest }) => !isTest);
    const others = files.filter(({ path, text }) => path !== PLACE && goesAnotherWay(text));
    expect(others.map(({ path }) => path)).toEqual([]);
    expect(files.some(({ path, text }) => path === PLACE && goesAnotherWay(text))).toBe(true);
  });

  it.each([
    "span.setAttribute('user', user);",
    'span?.setAttributes({ key });',
    "trace.getTracer('x').startSpan('y');",
    'span.recordException(error);',
  ])('are seen where they are not: %s', (line) => {
    expect(goesAnotherWay(line)).toBe(true);
  });
});

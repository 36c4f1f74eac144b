import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, lines } from './lines.ts';

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, chunkBytes: number, bytesMax = 1000): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of lines(chunks(new TextEncoder().encode(text), chunkBytes), bytesMax))
    found.push(line);
  return found;
}

describe('lines', () => {
  it('are the same however the bytes arrive', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '火', '\n') });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 5 }), async (source, chunkBytes) => {
        const expected = source
          .split('\n')
          .flatMap((line, i) => (line === '' ? [] : [{ number: i + 1, text: line }]));
        expect(await read(source, chunkBytes)).toEqual(expected);
      }),
    );
  });

  it('end with an error at a line without end', async () => {
    await expect(read(`ok\n${'x'.repeat(100)}`, 10, 50)).rejects.toThrow('line 2 is longer than 50 bytes');
  });
});

// Lines of a byte stream, of bounded length.

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Empty lines are left out. Throws an Error at a line longer than `bytesMax`. */
export async function* lines(input: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let rest = '';
  let number = 0;
  for await (const chunk of input) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    for (const text of parts) {
      number++;
      if (text.trim() !== '') yield { number, text };
    }
    if (rest.length > bytesMax) throw new Error(`line ${number + 1} is longer than ${bytesMax} bytes`);
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}

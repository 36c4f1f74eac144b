import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { Screen } from './screen.ts';

/** A terminal of this size that keeps what is written to it. */
function terminal(columns: number, rows: number): { stream: WriteStream; written: () => string } {
  const stream = Object.assign(new PassThrough(), { columns, rows });
  return { stream: stream as unknown as WriteStream, written: () => String(stream.read() ?? '') };
}

const frame = Array.from({ length: 10 }, (_, i) => `line ${i}`);

describe('Screen', () => {
  it('draws the whole frame on a terminal that does not say its size', () => {
    const { stream, written } = terminal(0, 0);
    const screen = new Screen(stream);
    screen.draw(frame);
    expect(screen.columns).toBe(80);
    const text = written();
    for (const line of frame) expect(text).toContain(line);
  });

  it('leaves out the lines that a low terminal could not draw over', () => {
    const { stream, written } = terminal(80, 5);
    new Screen(stream).draw(frame);
    const text = written();
    expect(text).toContain('line 3');
    expect(text).not.toContain('line 4');
  });

  it('goes back over the frame before', () => {
    const { stream, written } = terminal(80, 24);
    const screen = new Screen(stream);
    screen.draw(frame);
    written();
    screen.draw(frame);
    expect(written()).toContain('\u001b[10A\r');
  });
});

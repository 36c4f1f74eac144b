import { describe, expect, it } from 'vitest';
import { Slice, sliceTimes } from './slices.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('slices', () => {
  it('of the background run one in a turn of the event loop, whoever they belong to', async () => {
    let begun = 0;
    const tasks = Array.from({ length: 20 }, async (_, i) => {
      const slice = await Slice.begin(i % 2 === 0 ? 'round' : 'subscriber');
      begun++;
      await slice.next();
      begun++;
      slice.end();
    });
    let before = begun;
    while (before < 40) {
      await turn();
      expect(begun - before).toBeLessThanOrEqual(1);
      before = begun;
    }
    await Promise.all(tasks);
  });

  it('of large pulls do not wait for those of the background', async () => {
    const order: string[] = [];
    const task = async (kind: 'pull' | 'round') => {
      const slice = await Slice.begin(kind);
      order.push(kind);
      slice.end();
    };
    await Promise.all([task('round'), task('round'), task('round'), task('pull')]);
    expect(order.indexOf('pull')).toBeLessThanOrEqual(1);
  });

  it('are counted by kind, long ones apart', () => {
    const before = { slices: 0, long: 0, ...sliceTimes().get('recovery') };
    const slice = new Slice('recovery');
    while (!slice.over);
    const end = performance.now() + 1;
    while (performance.now() < end);
    slice.end();
    const { slices, long, longestMs } = sliceTimes().get('recovery')!;
    expect([slices, long]).toEqual([before.slices + 1, before.long + 1]);
    expect(longestMs).toBeGreaterThan(1);
  });
});

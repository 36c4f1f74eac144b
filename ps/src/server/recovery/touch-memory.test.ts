import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryToucher } from './touch-memory.ts';

const MIB = 1024 * 1024;

describe('touching memory ahead of a loader', () => {
  it('changes nothing that the loader has written, however fast that is', async () => {
    const pageBytes = 37_000;
    const pauses = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(pauses, fc.nat(20), async (pause, firstPage) => {
        const toucher = await MemoryToucher.open();
        const area = new Uint8Array(20 * MIB);
        await toucher.begin(area);
        const pages = Math.floor(area.length / pageBytes);
        for (let page = firstPage; page < pages; page++) {
          const touching = toucher.reach((page + 1) * pageBytes);
          if (touching !== undefined) await touching;
          area.fill(page | 1, page * pageBytes, (page + 1) * pageBytes);
          for (let i = pause[page % pause.length]!; i > 0; i--) await new Promise(setImmediate);
        }
        await toucher.close();
        for (let page = 0; page < pages; page++) {
          const written = page < firstPage ? 0 : (page | 1) & 255;
          expect(area[page * pageBytes]).toBe(written);
          expect(area[(page + 1) * pageBytes - 1]).toBe(written);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('goes from one area to the next, and touches neither once it is closed', async () => {
    const toucher = await MemoryToucher.open();
    const areas = [new Uint8Array(5 * MIB), new Uint8Array(0), new Uint8Array(5 * MIB)];
    for (const area of areas) {
      await toucher.begin(area);
      const touching = toucher.reach(area.length);
      if (touching !== undefined) await touching;
      area.fill(1);
    }
    await toucher.close();
    expect(areas.every((area) => area.every((byte) => byte === 1))).toBe(true);
  });
});

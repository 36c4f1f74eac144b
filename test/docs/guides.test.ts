// Guides that say of a block that it runs or starts something, done as they are written.
import { describe, expect, it } from 'vitest';
import { writtenPages } from '../../docs/.vitepress/pages.ts';
import { codeBlocks } from './code-blocks.ts';
import { isRun, runGuide } from './run-guide.ts';

const guides = writtenPages()
  .map((page) => ({ page, blocks: codeBlocks(page) }))
  .filter(({ blocks }) => blocks.some(isRun));

describe('a guide does what it says', () => {
  it.each(guides)('$page', async ({ blocks }) => {
    await expect(runGuide(blocks)).resolves.toBeUndefined();
  });
});

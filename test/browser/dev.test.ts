// `npm start` as a newcomer watches it: its own page, real figures. With WEIR_SCREENSHOTS=1 it waits until the online model
// can be compared with the frozen one, and takes the pictures of docs/live-view.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAIN } from '../e2e/run-weir.ts';
import { launchChromium } from './chromium.ts';
import { picture, takesPictures } from './pictures.ts';

/** Of the requests: a few seconds into the comparison. */
const PICTURED_AT = 0.75;
const TIMEOUT_MS = 240_000;
/** Toy Story: rated early and often. */
const MOVIE = '1';

const SIZES: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 1180 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 1180 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'light' },
};

let browser: Browser;
let data = '';
beforeAll(async () => {
  browser = await launchChromium();
  data = await mkdtemp(join(tmpdir(), 'weir-browser-'));
});
afterAll(async () => {
  await browser.close();
  await rm(data, { recursive: true, force: true });
});

it(
  'shows a model that learns, a movie by its id, and how it ended',
  async () => {
    const dev = spawn(process.execPath, [MAIN, 'dev', '--data', data, '--headless']);
    const ended = once(dev, 'close');
    let said = '';
    dev.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    try {
      await expect.poll(() => said, { timeout: 60_000 }).toMatch(/live view: http/);
      const url = /live view: (\S+)/.exec(said)![1]!;
      const pages = await Promise.all(Object.values(SIZES).map((size) => open(url, size)));
      const [page] = pages;
      const shown = (id: string): Promise<string | null> => page!.locator(id).textContent();
      await expect.poll(() => shown('#loss'), { timeout: 60_000 }).toMatch(/^0\.\d{4}$/);
      await expect.poll(() => page!.locator('#shards tr').count()).toBe(3);
      await expect.poll(() => shown('#barriers')).toMatch(/trainer/);
      await expect.poll(() => shown('#freshness'), { timeout: 30_000 }).toMatch(/\d m?s$/);
      await expect.poll(() => shown('#stages')).toMatch(/stitched\d.* m?sdelivered\d/);
      for (const one of pages) {
        await one.fill('#document-id', MOVIE);
        await one.click('text=Show');
      }
      await expect.poll(() => shown('#vectors'), { timeout: 30_000 }).toMatch(/lr[0-9a-f]{16}-?0\.\d{4}/);
      if (takesPictures) await takePictures(pages);
      dev.kill('SIGINT');
      await expect.poll(() => shown('#state'), { timeout: 30_000 }).toBe('ended');
      expect(await shown('#summary')).toMatch(/requests ranked/);
    } finally {
      dev.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
    }
  },
  TIMEOUT_MS,
);

async function open(url: string, size: BrowserContextOptions): Promise<Page> {
  const page = await (await browser.newContext(size)).newPage();
  await page.goto(url);
  return page;
}

async function takePictures(pages: readonly Page[]): Promise<void> {
  const part = async (): Promise<number> =>
    Number.parseFloat((await pages[0]!.locator('#progress').textContent())!) / 100;
  await expect.poll(part, { timeout: TIMEOUT_MS, interval: 500 }).toBeGreaterThan(PICTURED_AT);
  for (const [index, name] of Object.keys(SIZES).entries()) {
    await picture(pages[index]!, `live-view-${name}`);
  }
}

// `npm start -- --scenario shop` to its end: the model that learns finds out what people like now, its frozen copy does not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { DevOutput } from '@weir/quickstart';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAIN } from '../e2e/run-weir.ts';
import { launchChromium } from './chromium.ts';
import { picture } from './pictures.ts';

const TIMEOUT_MS = 400_000;
/** Of the shop's own clock: so many visits, however fast this machine is. */
const AHEAD_WITHIN_S = 30;

let browser: Browser;
let data = '';
beforeAll(async () => {
  browser = await launchChromium();
  data = await mkdtemp(join(tmpdir(), 'weir-shop-'));
});
afterAll(async () => {
  await browser.close();
  await rm(data, { recursive: true, force: true });
});

it(
  'shows the online arm ahead of the frozen one soon after the season changed, with an interval above zero',
  async () => {
    const dev = spawn(process.execPath, [
      MAIN,
      'dev',
      '--scenario',
      'shop',
      '--data',
      data,
      '--headless',
      '--json',
    ]);
    const ended = once(dev, 'close');
    const output = text(dev.stdout);
    let said = '';
    dev.stderr.setEncoding('utf8').on('data', (more: string) => {
      said += more;
    });
    try {
      await expect.poll(() => said, { timeout: 60_000 }).toMatch(/live view: http/);
      const page = await browser.newPage({ viewport: { width: 1280, height: 1180 } });
      await page.goto(/live view: (\S+)/.exec(said)![1]!);
      const lead = page.locator('#arms tr').nth(2).locator('td').last();
      await expect
        .poll(() => lead.textContent(), { timeout: TIMEOUT_MS, interval: 500 })
        .toMatch(/^[1-9][\d.]* % to \d/);
      await expect.poll(() => page.locator('#state').textContent(), { timeout: TIMEOUT_MS }).toBe('ended');
      await picture(page, 'live-view-shop');
      expect((await ended)[0]).toBe(0);
    } finally {
      dev.kill('SIGINT');
      await ended;
    }
    const { click_through: clicks } = JSON.parse(await output) as DevOutput;
    expect(clicks!.ahead_after_s).toBeLessThanOrEqual(AHEAD_WITHIN_S);
    expect(clicks!.ahead!.low).toBeGreaterThan(0);
    expect(clicks!.online!.low).toBeGreaterThan(clicks!.frozen!.high);
  },
  TIMEOUT_MS,
);

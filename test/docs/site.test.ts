// The site as it is built, in a real browser: no error in the console, nothing from elsewhere, no page wider than its window, and a
// search that finds.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../browser/chromium.ts';
import { ROOT } from '../structure/packages.ts';
import { type FolderServer, serveFolder } from './serve-folder.ts';

const WINDOWS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['a desktop', { viewport: { width: 1280, height: 800 } }],
  ['a wide screen', { viewport: { width: 1600, height: 900 } }],
  ['a phone', { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2 }],
  ['a desktop in the dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
];
const PAGES = [
  '',
  'get-started.html',
  'groups.html',
  'configuration.html',
  'metrics.html',
  'adr/',
  'examples/own-model/',
  'reference/api/@weir/sdk/',
  'reference/api/@weir/sdk/interfaces/Table.html',
  'reference/source/model/src/doc-vector.ts.html',
];

let browser: Browser;
let site: FolderServer;
let wrong: string[];

beforeAll(async () => {
  // What it prints is only of interest if it fails, and then it is in the error.
  await promisify(execFile)(process.execPath, [`${ROOT}/docs/scripts/build.ts`], { cwd: ROOT });
  site = await serveFolder(`${ROOT}/docs/.vitepress/dist`);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

async function open(path: string, options: BrowserContextOptions): Promise<Page> {
  wrong = [];
  const page = await (await browser.newContext(options)).newPage();
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('request', (request) => !request.url().startsWith(site.url) && wrong.push(request.url()));
  await page.goto(`${site.url}${path}`, { waitUntil: 'networkidle' });
  return page;
}

describe.each(WINDOWS)('on %s', (name, options) => {
  it.each(PAGES)('/%s is whole, and fits', async (path) => {
    const page = await open(path, options);
    const folder = process.env.WEIR_SCREENSHOTS;
    if (folder !== undefined) {
      await page.screenshot({
        path: `${folder}/${name}-${path.replaceAll('/', '_')}.png`.replaceAll(' ', '-'),
      });
    }
    expect(
      await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'),
    ).toBeLessThanOrEqual(0);
    expect(await page.evaluate("document.documentElement.classList.contains('dark')")).toBe(
      options.colorScheme === 'dark',
    );
    await page.context().close();
    expect(wrong).toEqual([]);
  });
});

it('finds barriers', async () => {
  const page = await open('', WINDOWS[0]![1]);
  await page.click('.DocSearch-Button');
  await page.fill('.search-input', 'barrier');
  await page.waitForSelector('.result');
  const found = await page.$$eval('.result', (all) => all.map((one) => one.getAttribute('href')));
  expect(found.some((link) => link?.startsWith('/groups.html'))).toBe(true);
  await page.click('.result');
  await page.waitForURL(/\.html/);
  await page.context().close();
  expect(wrong).toEqual([]);
});

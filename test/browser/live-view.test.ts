// The page of the live view in a real browser, fed with figures of which every one is known.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LiveLook } from '../../quickstart/src/live/live-look.ts';
import { type LiveServer, startLiveServer } from '../../quickstart/src/live/live-server.ts';
import { launchChromium } from './chromium.ts';

const PHONE = { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2 };

let browser: Browser;
let server: LiveServer;
/** Of document 7, at every look at it one more. */
let weight = 0;
let page: Page;
/** What the page's console and its network say is wrong. */
let wrong: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  weight = 0;
  wrong = [];
  server = await startLiveServer({
    listen: '127.0.0.1:0',
    title: 'a set of data',
    suggest: (prefix) => [{ id: '7', requests: 3 }].filter(({ id }) => id.startsWith(prefix)),
    document: async (id) =>
      id !== '7'
        ? undefined
        : {
            id,
            requests: 3,
            probabilities: { click: 0.25 },
            vectors: [{ table: 'lr', key: '00000000000000ff', weights: [++weight, -0.5] }],
          },
  });
});
afterEach(async () => {
  await page.context().close();
  await server[Symbol.asyncDispose]();
  expect(wrong).toEqual([]);
});

async function open(options: BrowserContextOptions = {}): Promise<void> {
  page = await (await browser.newContext(options)).newPage();
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  await page.goto(server.url);
  await expect.poll(() => textOf('#state')).toBe('live');
}

const textOf = (selector: string): Promise<string | null> => page.textContent(selector);

describe('the live view', () => {
  it('shows what it is told, and goes on when it is told more', async () => {
    await open();
    server.show(look(1));
    await expect.poll(() => textOf('#loss')).toBe('0.6000');
    expect(await textOf('#title')).toBe('a set of data');
    expect(await textOf('#loss-frozen')).toBe('frozen 0.7000');
    expect(await textOf('#auc')).toBe('0.710');
    expect(await textOf('#association')).toBe('97.5 %');
    expect(await textOf('#freshness')).toBe('85 ms');
    expect(await tableOf('Freshness by stage')).toEqual([['event to answer', '85 ms', '1.2 s']]);
    expect(await tableOf('Shards')).toEqual([['shard-0', '12,345', '678/s']]);
    expect(await tableOf('Barriers')).toEqual([['trainer', '5', '2', '300 ms for trainer-1']]);
    server.show({
      ...look(2),
      shards: [],
      barriers: [{ ...look(2).barriers[0]!, waitingFor: [], waitingMs: 0 }],
    });
    await expect.poll(() => tableOf('Barriers')).toEqual([['trainer', '5', '2', 'nobody waits']]);
    expect(await tableOf('Shards')).toEqual([]);
  });

  it('shows both arms of the shop with their intervals, and nothing of a shop elsewhere', async () => {
    await open();
    server.show(look(1));
    await expect.poll(() => textOf('#loss')).toBe('0.6000');
    expect(await page.locator('#shop, #shop-chart').filter({ visible: true }).count()).toBe(0);
    const share = { value: 0.5, low: 0.45, high: 0.55 };
    const arm = { visits: 1_000, clickThrough: share };
    const shop = { isShifted: true, sinceShiftS: 12, online: arm, frozen: { visits: 0, clickThrough: null } };
    server.show({ ...look(2), shop: { ...shop, ahead: { value: 0.2, low: 0.1, high: 0.3 } } });
    await expect
      .poll(() => tableOf('Click-through of both arms'))
      .toEqual([
        ['online', '1,000', '50.0 %', '45.0 % to 55.0 %'],
        ['frozen', '0', '–', '–'],
        ['online is ahead by', '', '20.0 %', '10.0 % to 30.0 %'],
      ]);
    expect(await textOf('#shop-text')).toContain('12 s ago');
  });

  it('draws what it missed when it is opened late, and comes back after a lost connection', async () => {
    for (let atS = 1; atS <= 50; atS++) server.show(look(atS));
    await open();
    await expect.poll(() => textOf('#chart-loss-text')).toBe('online 0.6000, frozen 0.7000');
    expect(await drawnPixels('#chart-loss')).toBeGreaterThan(500);
    await page.context().setOffline(true);
    const { port } = new URL(server.url);
    await server[Symbol.asyncDispose]();
    await expect.poll(() => textOf('#state')).toBe('connecting again');
    server = await startLiveServer({
      listen: `127.0.0.1:${port}`,
      title: 'another run',
      suggest: () => [],
      document: async () => undefined,
    });
    await page.context().setOffline(false);
    await expect.poll(() => textOf('#title'), { timeout: 20_000 }).toBe('another run');
    // Chromium says of every attempt in between that it failed.
    wrong = wrong.filter((text) => !text.startsWith('Failed to load resource: net::ERR_'));
  });

  it('says that the run has ended, and keeps the last figures', async () => {
    await open();
    server.show(look(1));
    await server.end(['All of it in 90 s.']);
    await expect.poll(() => textOf('#state')).toBe('ended');
    expect(await page.locator('#summary li').allTextContents()).toEqual(['All of it in 90 s.']);
    expect(await textOf('#loss')).toBe('0.6000');
  });

  it('finds a document by keyboard alone, shows its vectors as they change, and says when there is none', async () => {
    await open();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('To the figures');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Dark');
    await page.keyboard.press('Tab');
    await page.keyboard.type('7');
    await expect.poll(() => page.locator('#document-ids option').count()).toBe(1);
    await page.keyboard.press('Enter');
    await expect
      .poll(() => textOf('#document-text'))
      .toBe('Document 7, asked for 3 times; of a stranger: click 25.0 %');
    await expect.poll(() => tableOf('Vectors')).toEqual([['lr', '00000000000000ff', '2.0000  -0.5000']]);
    await page.fill('#document-id', '8');
    const refused = page.waitForResponse((response) => response.url().endsWith('?id=8'));
    await page.keyboard.press('Enter');
    await refused;
    await expect.poll(() => textOf('#document-text')).toBe('no request has asked for document "8" so far');
    wrong = wrong.filter((text) => !text.includes('404'));
  });

  it.each([
    ['a wide screen', {}],
    ['a phone', PHONE],
    ['a phone in the dark', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('fits %s, with text that stands out from its ground', async (_, options) => {
    await open(options);
    server.show(look(1));
    await expect.poll(() => textOf('#loss')).toBe('0.6000');
    const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
    expect(scrollWidth).toBe(clientWidth);
    for (const name of ['--text', '--quiet', '--online', '--frozen']) {
      expect(await contrast(name, '--card'), name).toBeGreaterThan(4.5);
    }
  });

  it('is dark when somebody wants it so, and remembers', async () => {
    await open({ colorScheme: 'light' });
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: 'Dark' }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
  });

  it('gives screen readers headings, named tables and charts in words', async () => {
    await open();
    server.show(look(1));
    await expect
      .poll(() => textOf('#spoken'))
      .toContain('After 1 seconds: log loss online 0.6000, frozen 0.7000');
    const tree = await page.locator('body').ariaSnapshot();
    for (const part of [
      'banner',
      'main',
      'search',
      'heading "Weir" [level=1]',
      'heading "Log loss online" [level=2]',
      'table "Shards"',
      'rowheader "shard-0"',
      'columnheader "waiting"',
      'figure',
      'online 0.6000, frozen 0.7000',
      'combobox "Document"',
    ]) {
      expect(tree).toContain(part);
    }
  });
});

function look(atS: number): LiveLook {
  return {
    point: {
      atS,
      online: { logLoss: 0.6, auc: 0.71 },
      frozen: { logLoss: 0.7, auc: 0.62 },
      samplesPerS: 1_234,
      freshnessP50Ms: 85,
      freshnessP99Ms: 1_200,
      clickThrough: { online: null, frozen: null },
    },
    requests: 500,
    requestsTotal: 1_000,
    events: 400,
    samples: 490,
    associationRate: 0.975,
    timeMs: Date.UTC(2001, 1, 3),
    freshness: [{ stage: 'event to answer', p50Ms: 85, p99Ms: 1_200 }],
    shards: [{ id: 'shard-0', rows: 12_345, updatesPerS: 678 }],
    barriers: [{ group: 'trainer', step: 5, members: 2, waitingFor: ['trainer-1'], waitingMs: 300 }],
    shop: null,
  };
}

const tableOf = (name: string): Promise<string[][]> =>
  page.evaluate((wanted) => {
    const region = [...document.querySelectorAll('section')].find(
      (section) => section.ariaLabel === wanted || section.querySelector('h2')?.textContent === wanted,
    );
    return [...(region?.querySelectorAll('tbody tr') ?? [])].map((row) =>
      [...row.children].map((cell) => cell.textContent ?? ''),
    );
  }, name);

const focused = (): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.textContent);

/** That are not transparent: axes alone are fewer. */
const drawnPixels = (selector: string): Promise<number> =>
  page.evaluate((place) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`${place} canvas`)!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    let drawn = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) drawn++;
    return drawn;
  }, selector);

/** Of two colours by their CSS variables: WCAG 2.2, contrast ratio. */
const contrast = (one: string, other: string): Promise<number> =>
  page.evaluate(
    (names) => {
      const style = getComputedStyle(document.documentElement);
      const [high, low] = names
        .map((name) => style.getPropertyValue(name).trim())
        .map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255))
        .map((rgb) => rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)))
        .map(([r, g, b]) => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!)
        .sort((a, b) => b - a);
      return (high! + 0.05) / (low! + 0.05);
    },
    [one, other],
  );

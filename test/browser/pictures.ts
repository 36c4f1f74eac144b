// The pictures of docs/live-view.md: taken only where WEIR_SCREENSHOTS is set.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const PICTURES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

export const takesPictures = process.env.WEIR_SCREENSHOTS !== undefined;

export async function picture(page: Page, name: string): Promise<void> {
  if (takesPictures) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

// The page's own files, by the path at which they are served. Its code is compiled by `npm run prepare`.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/proto';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const PAGE = fileURLToPath(new URL('../../page/', import.meta.url));
const CHARTS = dirname(createRequire(import.meta.url).resolve('uplot'));
const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';

const FILES: Readonly<Record<string, readonly [type: string, file: string]>> = {
  '/': [HTML, join(PAGE, 'index.html')],
  '/page.css': [CSS, join(PAGE, 'page.css')],
  '/uplot.css': [CSS, join(CHARTS, 'uPlot.min.css')],
  '/uplot.js': [JAVASCRIPT, join(CHARTS, 'uPlot.esm.js')],
  ...Object.fromEntries(
    ['charts', 'colours', 'documents', 'figures', 'main', 'text'].map((name) => [
      `/${name}.js`,
      [JAVASCRIPT, join(PAGE, 'dist', 'page', `${name}.js`)] as const,
    ]),
  ),
};

/** @throws WeirError CONFIGURATION when one is missing. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const read = async ([path, [type, file]]: (typeof entries)[number]): Promise<[string, PageFile]> => {
    try {
      return [path, { type, body: await readFile(file) }];
    } catch (cause) {
      const message = `the live view's ${path} cannot be read (${(cause as Error).message}); \`npm run prepare\` makes it`;
      throw new WeirError('CONFIGURATION', message, { cause });
    }
  };
  const entries = Object.entries(FILES);
  return new Map(await Promise.all(entries.map(read)));
}

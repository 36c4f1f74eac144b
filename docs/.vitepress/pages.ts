// Which files of the repository are pages of the site, and under which path. Every other file that a page links to is shown
// as it stands, on a page of its own under reference/source/ (docs/scripts/source-pages.ts).
import { existsSync, globSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Pages that stand outside docs/, from the root; each package has one. */
const OUTSIDE = new Set([
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'charts/weir/README.md',
  'quickstart/data/movielens-latest-small/README.md',
  ...globSync('*/README.md', { cwd: ROOT, exclude: ['docs', 'node_modules'] }),
]);

/** Folders of docs/ whose Markdown is nobody's page. */
export const NO_PAGES = ['docs/.vitepress/**', 'docs/**/node_modules/**', 'docs/**/dist/**'];

/** The site's pages that people write, from the root; without what is generated. */
export function writtenPages(): string[] {
  const inside = globSync('docs/**/*.md', { cwd: ROOT, exclude: [...NO_PAGES, 'docs/reference/**'] });
  return [...OUTSIDE, ...inside].sort();
}

/** Where a file of the repository stands on the site: `docs/groups.md` is `groups.md`, and README.md of a folder its index. */
export function sitePath(file: string): string | undefined {
  if (OUTSIDE.has(file)) return file;
  if (!file.startsWith('docs/') || !file.endsWith('.md')) return undefined;
  return file.slice('docs/'.length).replace(/(^|\/)README\.md$/, '$1index.md');
}

/**
 * What a relative link in a page leads to on the site, `#anchor` included: a page, or the page that shows the file. `undefined` for
 * links that lead elsewhere (with a scheme), and those within the page.
 */
export function siteLink(page: string, link: string): string | undefined {
  const target = linkTarget(page, link);
  if (target === undefined) return undefined;
  const hash = /#.*$/.exec(link)?.[0] ?? '';
  return `${siteAddress(sitePath(target) ?? sourcePath(target))}.html${hash}`.replace('/.html', '/');
}

/** From the path of a page, `adr/index.md`, to its address without the ending, `/adr/`. */
export function siteAddress(path: string): string {
  return `/${path.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;
}

/** The file that a relative link leads to, from the root; of a folder its README.md, where it has one. */
export function linkTarget(page: string, link: string): string | undefined {
  if (/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(link)) return undefined;
  const path = posix.join(posix.dirname(page), decodeURI(link.replace(/[?#].*$/, ''))).replace(/\/$/, '');
  const readme = `${path}/README.md`;
  return existsSync(join(ROOT, readme)) ? readme : path;
}

/** The page, from the site's root, that shows a file or a folder as it stands. */
export function sourcePath(file: string): string {
  return `reference/source/${file}.md`;
}

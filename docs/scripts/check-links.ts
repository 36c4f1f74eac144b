// The links of a built site, from its HTML: every file and every anchor that a page leads to is there, and nothing is loaded from
// elsewhere.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Lines of `page -> link`. */
export function brokenLinks(folder: string): string[] {
  const pages = globSync('**/*.html', { cwd: folder });
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]));
  const ids = new Map<string, Set<string>>();
  const idsOf = (page: string): Set<string> => {
    const known =
      ids.get(page) ?? new Set([...texts.get(page)!.matchAll(/\sid="([^"]*)"/g)].map((id) => id[1]!));
    ids.set(page, known);
    return known;
  };
  return [...texts].flatMap(([page, text]) =>
    linksOf(text)
      .filter(({ link, loads }) => !leads(page, link, loads))
      .map(({ link }) => `${page} -> ${link}`),
  );

  function leads(page: string, link: string, loads: boolean): boolean {
    const url = new URL(link, `site:///${page}`);
    if (url.protocol !== 'site:') return !loads || url.protocol === 'data:';
    const path = decodeURIComponent(url.pathname).slice(1);
    const target = path === '' || path.endsWith('/') ? `${path}index.html` : path;
    if (!existsSync(join(folder, target)) || !statSync(join(folder, target)).isFile()) return false;
    const hash = decodeURIComponent(url.hash.slice(1));
    return hash === '' || !texts.has(target) || idsOf(target).has(hash);
  }
}

/** Where a page leads to, and what it loads. */
function linksOf(html: string): { readonly link: string; readonly loads: boolean }[] {
  const tags = html.matchAll(/<(a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g);
  return [...tags].map(([, tag, link]) => ({ link: link!.replaceAll('&amp;', '&'), loads: tag !== 'a' }));
}

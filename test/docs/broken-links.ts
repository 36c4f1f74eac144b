// Links of pages to files and headings of the repository that are not there. What the built site's links lead to, docs/scripts looks at.
import { existsSync, readFileSync } from 'node:fs';
import { linkTarget, ROOT } from '../../docs/.vitepress/pages.ts';
import { slug } from '../../docs/.vitepress/slug.ts';

/** Lines of `page:line: link`. */
export function brokenLinks(pages: readonly string[]): string[] {
  const texts = new Map<string, string>();
  const textOf = (page: string): string => {
    const text = texts.get(page) ?? withoutBlocks(readFileSync(`${ROOT}/${page}`, 'utf8'));
    texts.set(page, text);
    return text;
  };
  return pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .filter(([, link]) => !leads(page, link!))
      .map(({ 1: link, index }) => `${page}:${textOf(page).slice(0, index).split('\n').length}: ${link}`),
  );

  function leads(page: string, link: string): boolean {
    const hash = /#(.*)$/.exec(link)?.[1];
    const target = link.startsWith('#') ? page : linkTarget(page, link);
    if (target === undefined) return true;
    if (!existsSync(`${ROOT}/${target}`)) return false;
    return hash === undefined || !target.endsWith('.md') || anchorsOf(textOf(target)).has(hash);
  }
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ''));
}

/** The second heading of a name has `-1` behind its anchor, the third `-2`. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = slug(heading!.replaceAll(/`|\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let number = 0;
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number++;
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`);
  }
  return anchors;
}

// Links between files, as they stand in the repository, made links between pages of the site.
import { relative } from 'node:path';
import type { MarkdownOptions } from 'vitepress';
import { ROOT, siteLink } from './pages.ts';

type Markdown = Parameters<NonNullable<MarkdownOptions['config']>>[0];

export function repositoryLinks(markdown: Markdown): void {
  markdown.core.ruler.push('repository-links', (state) => {
    const { realPath, path } = state.env as { realPath?: string; path: string };
    const page = relative(ROOT, realPath ?? path);
    for (const token of state.tokens.flatMap((block) => block.children ?? [])) {
      if (token.type !== 'link_open') continue;
      const link = token.attrGet('href');
      const replacement = link === null ? undefined : siteLink(page, link);
      if (replacement !== undefined) token.attrSet('href', replacement);
    }
  });
}

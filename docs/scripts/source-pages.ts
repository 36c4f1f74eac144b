// A page of the site for every file of the repository that pages link to and that is no page itself: the file as it stands.
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { linkTarget, ROOT, sitePath, sourcePath, writtenPages } from '../.vitepress/pages.ts';

/** @throws for a link to a file that is not there. */
export function writeSourcePages(): void {
  const open = writtenPages().flatMap((page) => linksOf(page).map((link) => [page, link] as const));
  const written = new Set<string>();
  for (const [page, link] of open) {
    const target = linkTarget(page, link);
    if (target === undefined || sitePath(target) !== undefined || written.has(target)) continue;
    written.add(target);
    const file = `docs/${sourcePath(target)}`;
    const text = sourcePage(target, page);
    mkdirSync(dirname(`${ROOT}/${file}`), { recursive: true });
    writeFileSync(`${ROOT}/${file}`, text);
    open.push(...linksOf(file).map((next) => [file, next] as const));
  }
}

function linksOf(page: string): string[] {
  const text = readFileSync(`${ROOT}/${page}`, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...text.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)/g)]
    .filter(([, image]) => image === '')
    .map((match) => match[2]!);
}

function sourcePage(target: string, linkedFrom: string): string {
  const stats = statSync(`${ROOT}/${target}`, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`${linkedFrom} links to ${target}, which is not there`);
  const up = '../'.repeat(sourcePath(target).split('/').length);
  const heading = `---\nsearch: false\naside: false\n---\n# ${basename(target)}\n\n\`${target}\`\n\n`;
  if (extname(target) === '.png') return `${heading}![${basename(target)}](${up}${target})\n`;
  if (!stats.isDirectory()) return `${heading}<<< @/${target}${extname(target) === '' ? '{txt}' : ''}\n`;
  const entries = globSync('*', { cwd: `${ROOT}/${target}` }).sort();
  return heading + entries.map((name) => `- [${name}](${up}${target}/${name})\n`).join('');
}

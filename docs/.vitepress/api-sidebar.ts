// The API reference's own sidebar, from the files that docs/scripts/api-reference.ts has written.
import { existsSync, globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ROOT } from './pages.ts';
import type { SidebarItem } from './sidebar.ts';

const API = `${ROOT}/docs/reference/api`;

export function apiSidebar(): SidebarItem[] {
  if (!existsSync(API))
    throw new Error('docs/reference/api is not there: `npm run docs:reference` writes it');
  const files = globSync('@weir/**/*.md', { cwd: API }).sort();
  return files
    .filter((file) => basename(file) === 'index.md')
    .map((index) => {
      const folder = dirname(index);
      const members = files.filter((file) => file.startsWith(`${folder}/`) && file !== index);
      return {
        text: folder,
        link: `/reference/api/${folder}/`,
        collapsed: true,
        items: members.map((file) => ({
          text: basename(file, '.md'),
          link: `/reference/api/${file.replace(/\.md$/, '')}`,
        })),
      };
    });
}

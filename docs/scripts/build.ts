// `npm run docs`: everything that is generated, then the site in docs/.vitepress/dist, then every link of it. Ends with exit code 1
// where anything is missing: an export without words, a guide without a place, a link or an anchor that leads nowhere.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { brokenLinks } from './check-links.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

run(path('generate.ts'));
run(path('reference.ts'));
run(path('../../node_modules/vitepress/bin/vitepress.js'), 'build');

const broken = brokenLinks(path('../.vitepress/dist'));
for (const link of broken) console.error(`broken link: ${link}`);
if (broken.length > 0) process.exitCode = 1;

function run(file: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: path('..'), stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

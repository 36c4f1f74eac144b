// Compiles the live view's page to quickstart/page/dist, where its server reads it.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../page', import.meta.url));

rmSync(`${folder}/dist`, { recursive: true, force: true });
execFileSync('tsc', ['-p', folder], { stdio: 'inherit' });

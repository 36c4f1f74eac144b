// `npm run pack [-- FOLDER]`: tarballs of all public packages, by default in dist/.
import { resolve } from 'node:path';
import { packAll } from './pack-all.ts';
import { ROOT } from './workspace.ts';

const out = resolve(process.argv[2] ?? `${ROOT}/dist`);
for (const tarball of packAll(out).values()) process.stdout.write(`${tarball}\n`);

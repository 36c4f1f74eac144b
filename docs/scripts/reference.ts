// `npm run docs:reference`: writes what the site shows beside the guides, and the repository does not keep.
import { rmSync } from 'node:fs';
import { writeApiReference } from './api-reference.ts';
import { writeSourcePages } from './source-pages.ts';

rmSync(new URL('../reference', import.meta.url), { recursive: true, force: true });
await writeApiReference();
writeSourcePages();

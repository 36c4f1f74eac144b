import { describe, expect, it } from 'vitest';
import { PURE, sourceFiles } from './packages.ts';
import { impurities } from './purity.ts';

describe('pure folders', () => {
  const files = sourceFiles().filter((file) => !file.isTest);

  it.each(PURE)('have no I/O, clock or randomness: $folder', ({ folder, except }) => {
    const pure = files.filter(
      ({ path }) => path.startsWith(`${folder}/`) && !except.some((exception) => path.startsWith(exception)),
    );
    expect(pure.length).toBeGreaterThan(0);
    expect(pure.flatMap(({ path, text }) => impurities(path, text))).toEqual([]);
  });
});

describe('the check of purity', () => {
  it.each([
    'const t = Date.now();',
    'const t = new Date();',
    'const t = new Date;',
    'const t = Date();',
    'const t = performance.now();',
    'const x = Math.random();',
    'const x = crypto.randomUUID();',
    "import { randomBytes } from 'node:crypto';",
    "import { readFileSync } from 'node:fs';",
    "import net from 'node:net';",
    "import type { Worker } from 'node:worker_threads';",
    "const fs = await import('node:fs/promises');",
    'setTimeout(() => {}, 1);',
    'const home = process.env.HOME;',
    'process?.exit(1);',
    "console.log('x');",
    `const x = \`\${Date.now()}\`;`,
    'await fetch(url);',
  ])('catches %s', (line) => {
    expect(impurities('planted.ts', `// a file\n${line}`).join()).toContain('planted.ts:2 ');
  });

  it.each([
    'const t = new Date(0).toISOString();',
    '// never Date.now() here',
    "const message = 'pass Date.now in';",
    "import { crc32 } from 'node:zlib';",
    "import { createHash } from 'node:crypto';",
    'const process = (row: Row): Row => row;',
    'export interface Clock { readonly nowMs: number }',
  ])('lets pass %s', (line) => {
    expect(impurities('planted.ts', line)).toEqual([]);
  });
});

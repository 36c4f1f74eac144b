import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blanked, computedImports, importsOf } from './source-code.ts';

const specifiers = (source: string): string[] => importsOf(source).map(({ specifier }) => specifier);

describe('importsOf', () => {
  it.each([
    ["import { a } from 'x';", ['x']],
    ["import type { A } from 'x';", ['x']],
    ["import a, { type B } from 'x';", ['x']],
    ["import {\n  a,\n  b,\n} from 'x';", ['x']],
    ["import * as a from 'x';", ['x']],
    ["export { a } from 'x';", ['x']],
    ["export * from 'x';", ['x']],
    ["import 'x';", ['x']],
    ["const a = await import('x');", ['x']],
    ["const a = () => import(\n  'x'\n);", ['x']],
    ["type A = typeof import('x');", ['x']],
    ["const a = require('x');", ['x']],
    ["const a = createRequire(import.meta.url)('x');", ['x']],
    ["// import 'x';\n/* import 'y'; */ import 'z';", ['z']],
    ["const a = 'plain';\nconst from = 1;", []],
    ["const a = /[/'\"]/g; import 'x';", ['x']],
    [`const a = \`\${b ? \`it's \${c}\` : "}"} // \`; import 'x';`, ['x']],
    ["const half = total / 2; // don't\nimport 'x';", ['x']],
  ])('finds in %j: %j', (source, expected) => {
    expect(specifiers(source)).toEqual(expected);
  });

  it('says on which line', () => {
    expect(importsOf("// first\nimport {\n  a,\n} from 'x';")).toEqual([{ specifier: 'x', line: 4 }]);
  });

  it('tells computed imports', () => {
    expect(computedImports("await import('x');\nawait import(path);")).toEqual([2]);
  });
});

describe('blanked', () => {
  it('keeps code and takes comments and the text of strings', () => {
    expect(blanked(`f('Date.now'); // Date.now\ng(\`a\${h}b\`);`, 'blank')).toBe(
      `f('        ');            \ng(\` \${h} \`);`,
    );
  });

  it('keeps length and lines of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`'"\`/*$\{}\\\n a`) }), (source) => {
        const code = blanked(source, 'blank');
        expect(code).toHaveLength(source.length);
        expect(code.split('\n').length).toBe(source.split('\n').length);
      }),
    );
  });
});

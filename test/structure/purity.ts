// What keeps a file from being a plain function of its inputs: I/O, clock, timers, randomness, the process. Pure.
import { blanked, importsOf, lineOf } from './source-code.ts';

/** Of Node's modules, those that compute and nothing else. */
const PURE_MODULES = ['node:assert', 'node:buffer', 'node:crypto', 'node:util', 'node:zlib'];

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, 'reads the clock'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))/g, 'reads the clock'],
  [/(?<!new\s+)\bDate\s*\(/g, 'reads the clock'],
  [/\bperformance\b/g, 'reads the clock'],
  [/\bhrtime\b/g, 'reads the clock'],
  [/\bMath\s*\.\s*random\b/g, 'is random'],
  [
    /\b(?:getRandomValues|randomBytes|randomInt|randomUUID|randomUUIDv7|randomFill|randomFillSync)\b/g,
    'is random',
  ],
  [/\b(?:setTimeout|setInterval|setImmediate)\b/g, 'sets a timer'],
  [/\bprocess\b(?=\s*(?:\?\.|\.|\[))/g, 'reads the process'],
  [/\bglobalThis\b/g, 'reaches for globals'],
  [/\b(?:fetch|require)\s*\(/g, 'does I/O'],
  [/\bconsole\b/g, 'does I/O'],
];

export function impurities(path: string, source: string): string[] {
  const code = blanked(source, 'blank');
  const found = IMPURE.flatMap(([pattern, what]) =>
    [...code.matchAll(pattern)].map(
      (match) => `${path}:${lineOf(code, match.index)} ${what}: ${match[0].trim()}`,
    ),
  );
  for (const { specifier, line } of importsOf(source)) {
    if (specifier.startsWith('node:') && !PURE_MODULES.includes(specifier)) {
      found.push(`${path}:${line} imports ${specifier}`);
    }
  }
  return found;
}

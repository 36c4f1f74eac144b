// Test files that share a process must not see each other: what the process has one of stays as it is.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OWN_PROCESS, SHARED_PROCESS } from '../../vitest.config.ts';
import { ROOT } from './packages.ts';
import { blanked } from './source-code.ts';

/** Sets what there is one of in a process, or depends on what else it has done. */
const OF_THE_PROCESS =
  /\bsetGlobal\w*\(|\b(Tracer|Meter|Logger)Provider\(|\bprocess\.(chdir|on|once|memoryUsage)\(|\bprocess\.env(\.\w+|\[[^\]]*\])\s*\??\??=(?!=)|\bvi\.(mock|doMock|stub\w+|useFakeTimers)\(/;

const ofTheProcess = (text: string): boolean => OF_THE_PROCESS.test(blanked(text, 'blank'));

describe('tests that share a process', () => {
  it('set nothing of which it has one; others get one of their own (vitest.config.ts)', () => {
    const files = SHARED_PROCESS.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).filter(
      (file) => !OWN_PROCESS.includes(file),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => ofTheProcess(readFileSync(`${ROOT}/${file}`, 'utf8')))).toEqual([]);
  });

  it.each([
    'metrics.setGlobalMeterProvider(provider);',
    'new TracerProvider({});',
    "process.env.WEIR_SEEDS = 'a';",
    "process.env['TZ'] ??= 'UTC';",
    "vi.mock('node:fs');",
    'process.memoryUsage();',
  ])('are seen where they do: %s', (line) => {
    expect(ofTheProcess(line)).toBe(true);
  });

  it.each(['process.env.WEIR_SEED === undefined', "const text = 'process.chdir(a)';"])(
    'may do what changes nothing: %s',
    (line) => {
      expect(ofTheProcess(line)).toBe(false);
    },
  );
});

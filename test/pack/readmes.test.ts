// The code in the packages' READMEs does what it says, for who reads it on a registry.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { compileFile, onNode, output } from './projects.ts';
import { startPackedShards } from './shards.ts';

const project = inject('wholeProject');

/** Compiles the README's first block of TypeScript; the name of what came out. */
async function compiledExample(name: string): Promise<string> {
  const readme = readFileSync(join(project, 'node_modules/@weir', name, 'README.md'), 'utf8');
  const code = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1];
  if (code === undefined) throw new Error(`the README of @weir/${name} has no code`);
  writeFileSync(join(project, `readme-${name}.ts`), code);
  await compileFile(project, `readme-${name}.ts`, 'nodenext');
  return `readme-${name}.js`;
}

it('@weir/sdk pushes and pulls', async () => {
  const file = await compiledExample('sdk');
  await using shards = await startPackedShards(project);
  const env = { ...onNode(24), WEIR_SEEDS: shards.seeds };
  expect(await output('node', [file], { cwd: project, env })).toMatch(/^Float32Array\(8\) \[\s*-0\.0\d/);
});

it('@weir/ps starts shards and stops them', async () => {
  const file = await compiledExample('ps');
  expect(await output('node', [file], { cwd: project, env: onNode(24) })).toMatch(/127\.0\.0\.1:\d+/);
});

it('@weir/model gives rows another table', async () => {
  const file = await compiledExample('model');
  const code = `const { default: mine } = await import('./${file}'); console.log(mine({ labels: ['click'] }).tables[0].name)`;
  const argv = ['--input-type=module', '--eval', code];
  expect(await output('node', argv, { cwd: project, env: onNode(24) })).toBe('mine\n');
});

// The README's example does what it says, against real shards. That it compiles guides.test.ts says, as of every guide's code.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './packages.ts';

const run = promisify(execFile);

/** The first TypeScript block that uses the SDK. */
function readmeExample(): string {
  const blocks = [...readFileSync(`${ROOT}/README.md`, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  const example = blocks.map((block) => block[1]!).find((code) => code.includes("from '@weir/sdk'"));
  if (example === undefined) throw new Error('README.md has no ```ts block that imports @weir/sdk');
  return example;
}

describe("the README's example", () => {
  let folder: string;
  beforeAll(() => {
    // Inside the checkout, so that it finds the packages as a reader's own file would.
    mkdirSync(`${ROOT}/.weir`, { recursive: true });
    folder = mkdtempSync(`${ROOT}/.weir/readme-`);
    writeFileSync(`${folder}/example.ts`, readmeExample());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is about 15 lines', () => {
    expect(readmeExample().trim().split('\n').length).toBeLessThanOrEqual(20);
  });

  it('runs', async () => {
    await using cluster = await startCluster({ shards: 2 });
    const env = { ...process.env, WEIR_SEEDS: cluster.seeds.join(',') };
    const { stdout } = await run(process.execPath, [`${folder}/example.ts`], { env, timeout: 20_000 });
    expect(stdout).toMatch(/shard/);
    expect(stdout).toMatch(/Float32Array/);
  });
});

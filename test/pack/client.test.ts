// The client library, and what a model is, in a project that has nothing else.
import { copyFileSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { installedNode, NODE_VERSIONS, type NodeMajor } from '../tools/node-versions.ts';
import { compileFile, output, RESOLUTIONS } from './projects.ts';
import { type Shards, startPackedShards } from './shards.ts';

const CONSUMER = new URL('./consumers/client.ts', import.meta.url);
const NATIVE = '**/*.{node,gyp,so,dylib,dll,a,cc,cpp}';
const MAJORS = Object.keys(NODE_VERSIONS).map(Number) as NodeMajor[];
const project = inject('clientProject');

interface Locked {
  readonly packages: Readonly<
    Record<string, { readonly hasInstallScript?: boolean; readonly gypfile?: boolean }>
  >;
}

describe('the client library alone', () => {
  let shards: Shards;
  beforeAll(async () => {
    copyFileSync(CONSUMER, join(project, 'client.ts'));
    await compileFile(project, 'client.ts', 'nodenext');
    shards = await startPackedShards(inject('wholeProject'));
  });
  afterAll(() => shards?.[Symbol.asyncDispose]());

  it('brings nothing native, and one install script that need not run', () => {
    const { packages } = JSON.parse(
      readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8'),
    ) as Locked;
    expect(globSync(NATIVE, { cwd: join(project, 'node_modules') })).toEqual([]);
    expect(Object.keys(packages).filter((path) => packages[path]!.gypfile)).toEqual([]);
    // It warns of a version range that is written in an unusual way. Here it did not run.
    expect(Object.keys(packages).filter((path) => packages[path]!.hasInstallScript)).toEqual([
      'node_modules/protobufjs',
    ]);
  });

  it.each(Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[])(
    'compiles under strict with moduleResolution %s, its dependencies checked too',
    async (resolution) => {
      await compileFile(project, 'client.ts', resolution);
    },
  );

  it.each(MAJORS)('runs on Node %d against real shards', async (major) => {
    const env = { ...process.env, WEIR_SEEDS: shards.seeds, TABLE: `on-${major}` };
    const stdout = await output(installedNode(major), ['client.js'], { cwd: project, env });
    expect(JSON.parse(stdout)).toEqual({
      shards: 2,
      rows: [-0.5, 1, -2, 0, 0, -4],
      delta: expect.any(Number),
      sum: [1, 2],
      probability: 0.5,
      halves: [0.333251953125, -2],
      parts: 0,
      slotKnown: true,
      describesProtocol: true,
      absent: 'TABLE_NOT_FOUND',
      routed: 2,
      statuses: 2,
    });
  });
});

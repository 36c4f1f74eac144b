// Everything installed: every entry of every package, and the `weir` command.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import type { Manifest } from '../../packaging/published-manifest.ts';
import { compileFile, onNode, output, RESOLUTIONS } from './projects.ts';
import { startPackedShards } from './shards.ts';

const project = inject('wholeProject');
const WEIR = join(project, 'node_modules/.bin/weir');
const names = Object.keys(inject('tarballs'));

/** Modules that users can import: not the command, which runs when it is imported, and not what is no code. */
function entries(name: string): string[] {
  const text = readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8');
  const { exports = {}, bin } = JSON.parse(text) as Manifest;
  if (bin !== undefined) return [];
  return Object.entries(exports)
    .filter(([path, target]) => typeof target !== 'string' && !path.includes('*'))
    .map(([path]) => join(name, path));
}

describe('all packages together', () => {
  it.each(Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[])(
    'have declarations that compile under strict with moduleResolution %s',
    async (resolution) => {
      const imports = names.flatMap(entries).map((entry, i) => `import * as entry${i} from '${entry}';`);
      expect(imports.length).toBeGreaterThan(names.length);
      const list = imports.map((_, i) => `entry${i}`).join(', ');
      writeFileSync(
        join(project, 'everything.ts'),
        `${imports.join('\n')}\nconsole.log([${list}].map((entry) => Object.keys(entry).length));\n`,
      );
      await compileFile(project, 'everything.ts', resolution);
    },
  );

  it.each([24, 26] as const)('load on Node %d', async (major) => {
    const counts = await output('node', ['everything.js'], { cwd: project, env: onNode(major) });
    expect(counts).toMatch(/\d/);
    expect(counts).not.toMatch(/\b0\b/);
  });
});

describe('the weir command of the package', () => {
  it.each([24, 26] as const)('sends traffic through the whole loop on Node %d', async (major) => {
    const folder = join(project, `replay-${major}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'traffic.ndjson'), traffic(60).join('\n'));
    const argv = ['replay', '--input', 'traffic.ndjson', '--window', '4', '--json'];
    const stdout = await output(WEIR, argv, { cwd: folder, env: onNode(major) });
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ requests: 60, samples: 120, rejected: 0, rank_calls: 60 });
  });

  it('knows its version', async () => {
    const { version } = JSON.parse(
      readFileSync(join(project, 'node_modules/@weir/cli/package.json'), 'utf8'),
    );
    expect(await output(WEIR, ['--version'], { cwd: project, env: onNode(24) })).toBe(`${version}\n`);
  });

  it('asks a running cluster', async () => {
    await using shards = await startPackedShards(project);
    const env = { ...onNode(24), WEIR_SEEDS: shards.seeds };
    const status = await output(WEIR, ['status', '--json'], { cwd: project, env });
    expect(JSON.parse(status)).toMatchObject({ shards: [{ state: 'serving' }, { state: 'serving' }] });
  });

  it('shows everything, with the data and the page that it brings', async () => {
    const child = spawn(WEIR, ['dev', '--headless'], { cwd: project, env: onNode(24) });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let said = '';
    const address = await new Promise<string>((resolve, reject) => {
      const listen = (text: string): void => {
        said += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) resolve(found[0]);
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', listen);
      child.once('close', () => reject(new Error(said)));
    });
    for (const path of ['/', '/main.js', '/page.css', '/uplot.js']) {
      expect((await fetch(address + path)).status, path).toBe(200);
    }
    child.kill('SIGINT');
    expect(await ended, said).toBe(0);
  });

  it('says which Node it needs, on one that is older', async () => {
    await expect(output(WEIR, ['--help'], { cwd: project, env: onNode(22) })).rejects.toThrow(
      /weir: it needs Node 24 or newer; this is Node 22\./,
    );
  });
});

/** Requests for two documents each, one of which is clicked. */
function traffic(requests: number): string[] {
  return Array.from({ length: requests }, (_, i) => {
    const time = 1_700_000_000_000 + i * 30_000;
    const docs = ['a', 'b'].map((id) => ({ id, features: { item: id } }));
    const click = { type: 'click', request: `r${i}`, user: 'u', doc: 'a', value: 1 };
    return [
      { kind: 'request', time, id: `r${i}`, user: 'u', context: {}, docs },
      { kind: 'event', time: time + 1_000, id: `e${i}`, ...click },
    ];
  })
    .flat()
    .map((line) => JSON.stringify(line));
}

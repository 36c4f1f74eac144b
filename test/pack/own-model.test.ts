// docs/examples/own-model as a model team has it: copied out of the checkout, with the packed packages installed.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { ROOT } from '../../packaging/workspace.ts';
import { installAll, onNode, output } from './projects.ts';

const EXAMPLE = join(ROOT, 'docs/examples/own-model');

describe('a project of a model team', () => {
  const folder = join(inject('scratch'), 'own-model');
  const npm = (...argv: string[]) => output('npm', argv, { cwd: folder, env: onNode(24) });

  beforeAll(() => {
    cpSync(EXAMPLE, folder, { recursive: true });
    installAll(folder, Object.values(inject('tarballs')));
  });

  it('asks for the packages that its code imports, in the version that is packed', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(EXAMPLE, 'package.json'), 'utf8'));
    const asked = Object.entries<string>({ ...dependencies, ...devDependencies });
    const ours = asked.filter(([name]) => name.startsWith('@weir/'));
    expect(ours.length).toBeGreaterThan(0);
    for (const [name, version] of ours) {
      expect(inject('tarballs')[name], name).toMatch(new RegExp(`-${version}\\.tgz$`));
    }
  });

  it('type-checks', async () => {
    await npm('run', 'types');
  });

  it('passes its tests, on real shards and in the real services', async () => {
    expect(await npm('test')).toMatch(/Tests .*\d+ passed/);
  });
});

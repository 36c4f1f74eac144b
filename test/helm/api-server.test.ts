// What the chart renders, shown to a real API server: it decodes strictly, fills in defaults, validates, and stores nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CUSTOM_RESOURCES_FOLDER } from '../tools/kubernetes-tools.ts';
import { ControlPlane } from './cluster/control-plane.ts';
import { CHART, call, done, template, VALUE_SETS } from './helm.ts';

let folder: string;
let plane: ControlPlane | undefined;
let env: NodeJS.ProcessEnv;

const kubectl = (argv: readonly string[], stdin = '') => call('kubectl', argv, { env, stdin });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-helm-'));
  plane = await ControlPlane.start({ folder });
  env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  await done(kubectl(['create', 'namespace', 'prod']));
  // Under it, a pod that asks for more than it may is refused, and a template with such a pod is warned of.
  const standard = ['enforce', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`);
  await done(kubectl(['label', 'namespace', 'prod', ...standard]));
  // A bare pod, as that of `helm test`, is taken only if its account is there already.
  for (const name of ['weir', 'loop']) await done(kubectl(['create', 'serviceaccount', name, '-n', 'prod']));
  await done(kubectl(['apply', '--server-side', '-f', CUSTOM_RESOURCES_FOLDER]));
  await done(kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']));
});

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe('a real API server', () => {
  it.each(VALUE_SETS)('takes what the chart renders with values of %s, without a warning', async (set) => {
    const stdin = await done(template(set));
    const flags = ['--server-side', '--dry-run=server', '--validate=strict', '-n', 'prod', '-f', '-'];
    const { code, stdout, stderr } = await kubectl(['apply', ...flags], stdin);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('statefulset.apps/');
    expect(stdout.trim().split('\n')).toHaveLength(stdin.match(/^kind: /gm)!.length);
  });

  it('refuses a misspelt field, so that the test above can fail', async () => {
    const stdin = (await done(template('default'))).replace('podManagementPolicy', 'podManagmentPolicy');
    const { code, stderr } = await kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-n', 'prod', '-f', '-'],
      stdin,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('podManagmentPolicy');
  });

  it('lets the chart see which secrets there are: a missing one is named, with how to make it', async () => {
    // The controller manager makes the service account by which the chart knows that it sees the namespace.
    await done(kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', 'prod', '--timeout=60s']));
    const install = (...sets: readonly string[]) =>
      call('helm', ['install', 'other', CHART, '-n', 'prod', '--dry-run=server', ...sets], { env });
    const missing = await install('--set', 'tls.existingSecret=certificate');
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain('there is no secret certificate in namespace prod');
    expect(missing.stderr).toContain(
      'kubectl create secret generic certificate -n prod --from-file=tls.crt --from-file=tls.key --from-file=ca.crt',
    );
    const half = ['create', 'secret', 'generic', 'certificate', '-n', 'prod', '--from-literal=tls.crt=x'];
    await done(kubectl(half));
    expect((await install('--set', 'tls.existingSecret=certificate')).stderr).toContain(
      'has no tls.key; it has tls.crt',
    );
    await done(install());
  });
});

// The chart on a real one-node cluster with the real image: an operator's days, in the order of docs/kubernetes.md, whose commands
// these are. Each test goes on from the one before.
import { createHash } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority } from '../security/certificates.ts';
import { Documented } from './cluster/documented.ts';
import { buildImages, IMAGE, inspectImage, readFromImage } from './cluster/image.ts';
import { NODE_NAME } from './cluster/node-configuration.ts';
import { OneNode } from './cluster/one-node.ts';
import { underTraffic } from './cluster/traffic-process.ts';
import { volumes } from './cluster/volumes.ts';
import { done, ROOT } from './helm.ts';

let folder: string;
let node: OneNode;
let documented: Documented;

const kubectl = (...argv: readonly string[]) => node.call('kubectl', ['-n', 'prod', ...argv]);
const helm = (...argv: readonly string[]) => node.call('helm', ['-n', 'prod', ...argv]);
const upgrade = (...argv: readonly string[]) =>
  helm('upgrade', 'weir', join(ROOT, 'charts/weir'), '-f', join(documented.folder, 'values.yaml'), ...argv);
const install = (...argv: readonly string[]) =>
  helm('install', 'weir', join(ROOT, 'charts/weir'), '-f', join(documented.folder, 'values.yaml'), ...argv);
const weir = (...argv: readonly string[]) => kubectl('exec', 'weir-ps-0', '--', 'weir', ...argv);
/** Nothing was lost, nothing counted twice, and no call failed. */
const unharmed = { lost: 0, doubled: 0, failures: [] };
const images = (): Promise<string> =>
  done(
    kubectl('get', 'pods', '-l', 'app.kubernetes.io/component=ps', '-o', 'jsonpath={..containers[0].image}'),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-helm-'));
  node = await OneNode.start(join(folder, 'cluster'), await buildImages(folder));
  documented = new Documented(node, join(folder, 'reader'));
  cpSync(join(ROOT, 'test/helm/cluster/values.yaml'), join(documented.folder, 'values.yaml'));
  const objects = volumes(join(folder, 'volumes'), 10);
  await done(node.call('kubectl', ['apply', '-f', '-'], { stdin: objects }));
});

afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe('the image', () => {
  it('runs as a user that is not root, starts weir, and says what is in it', async () => {
    const facts = await inspectImage(`${IMAGE}:one`, '{{.Config.User}} {{json .Config.Entrypoint}}');
    expect(facts.trim()).toBe('10001:10001 ["weir"]');
    const bill = JSON.parse(await readFromImage(`${IMAGE}:one`, '/opt/weir/sbom.cdx.json')) as {
      components: { name: string }[];
    };
    const names = bill.components.map(({ name }) => name);
    expect(names).toContain('rocksdb-native');
    expect(names).not.toContain('vitest');
  });
});

describe('the chart on a cluster', () => {
  it('installs three shards and a predictor within 60 s, and passes its test', async () => {
    const stdout = await done(documented.run('install'));
    expect(stdout).toContain('STATUS: deployed');
    expect(stdout).toMatch(/Phase: +Succeeded/);
    expect((await done(documented.run('look'))).match(/ serving /g)).toHaveLength(3);
    expect(await done(documented.run('size'))).toContain('weir/memory-needed');
    await done(documented.run('watch'));
  });

  it('serves pushes and pulls of a client that is in no pod', async () => {
    expect(await underTraffic(node, 'counted', () => sleep(2_000))).toMatchObject(unharmed);
  });

  it('loses nothing when a pod is deleted under load, in order and by force', async () => {
    const report = await underTraffic(node, 'counted', async () => {
      await done(documented.run('pod'));
      await done(kubectl('delete', 'pod', 'weir-ps-2', '--grace-period=0', '--force'));
      await sleep(1_000);
      await done(kubectl('rollout', 'status', 'statefulset/weir-ps', '--timeout=120s'));
    });
    expect(report).toMatchObject(unharmed);
    expect(report.pushes).toBeGreaterThan(20);
  });

  it('is upgraded to another image under load without a failed call, and rolled back', async () => {
    expect(
      await underTraffic(node, 'counted', () => done(documented.run('upgrade', { TAG: 'two' }))),
    ).toMatchObject(unharmed);
    expect(await images()).toBe(Array(3).fill(`${IMAGE}:two`).join(' '));
    expect(await underTraffic(node, 'counted', () => done(documented.run('rollback')))).toMatchObject(
      unharmed,
    );
    expect(await images()).toBe(Array(3).fill(`${IMAGE}:one`).join(' '));
  });

  it('refuses another number of shards, too little memory, and secrets that are not there', async () => {
    const count = await upgrade('--set', 'shards.count=4');
    expect(count).toMatchObject({ code: 1 });
    expect(count.stderr).toContain('weir-ps has 3 shards (it runs there), and cannot have 4');
    expect(count.stderr).toContain('--set shards.count=3');
    const memory = await upgrade('--set', 'shards.memory=256Mi');
    expect(memory.stderr).toContain('shards.memory: 256Mi is less than');
    const secret = await upgrade('--set', 'tls.existingSecret=weir-tls');
    expect(secret.stderr).toContain('kubectl create secret generic weir-tls -n prod');
    expect(await images()).toBe(Array(3).fill(`${IMAGE}:one`).join(' '));
  });

  it('leaves the volumes when it is uninstalled, and finds them when it is installed again', async () => {
    const before = await done(weir('table', 'describe', 'counted', '--json'));
    const rows = (text: string): number => (JSON.parse(text) as { rows: number }).rows;
    expect(rows(before)).toBe(4_096);
    expect((await done(documented.run('uninstall'))).match(/data-weir-ps-\d/g)).toHaveLength(3);
    const other = await install('--set', 'shards.count=2');
    expect(other.stderr).toContain('weir-ps has 3 shards (its volumes are there), and cannot have 2');
    await done(install('--wait', '--timeout', '120s'));
    expect(rows(await done(weir('table', 'describe', 'counted', '--json')))).toBe(4_096);
    expect(await underTraffic(node, 'counted', () => sleep(1_000))).toMatchObject(unharmed);
  });

  it('comes back when its node is gone for a while', async () => {
    await done(documented.run('node', { NODE: NODE_NAME }));
    // The predictor's pod has gone from the node, too.
    for (const workload of ['statefulset/weir-ps', 'deployment/weir-predictor']) {
      await done(kubectl('rollout', 'status', workload, '--timeout=180s'));
    }
    expect(await underTraffic(node, 'counted', () => sleep(1_000))).toMatchObject(unharmed);
  });

  it('gives a shard a new volume where the old one is lost; the others keep their rows', async () => {
    await done(documented.run('volume'));
    const status = JSON.parse(await done(weir('status', '--json'))) as {
      shards: { id: string; rows: number }[];
    };
    expect(status.shards.map(({ rows }) => rows > 0)).toEqual([true, false, true]);
    expect(await underTraffic(node, 'counted', () => sleep(1_000))).toMatchObject(unharmed);
  });

  it('ends the start of a pod whose secret cannot be used, naming the file', async () => {
    const literals = ['tls.crt', 'tls.key', 'ca.crt'].map((key) => `--from-literal=${key}=nonsense`);
    await done(kubectl('create', 'secret', 'generic', 'nonsense', ...literals));
    const sets = ['--set', 'tls.existingSecret=nonsense,shards.count=1,predictor.enabled=false'];
    const { code } = await helm(
      ...[
        'install',
        'wrong',
        join(ROOT, 'charts/weir'),
        '-f',
        join(documented.folder, 'values.yaml'),
        ...sets,
      ],
      ...['--wait', '--timeout', '20s'],
    );
    expect(code).toBe(1);
    const logs = kubectl('logs', 'wrong-weir-ps-0', '--all-containers', '--tail=20');
    expect(await done(logs)).toMatch(/--tls-cert|--tls-key/);
    await done(helm('uninstall', 'wrong', '--wait'));
    await done(kubectl('delete', 'pvc', '-l', 'app.kubernetes.io/instance=wrong'));
  });

  it('goes over to mutual TLS, tokens and the whole pipeline, with the rows that it has', async () => {
    await writeSecrets(documented.folder);
    await done(documented.run('secrets'));
    await done(helm('uninstall', 'weir', '--wait'));
    const secrets = 'tls.existingSecret=weir-tls,tls.clientAuth=true,access.existingSecret=weir-access';
    await done(
      install('--set', `insecure=false,pipeline.enabled=true,${secrets}`, '--wait', '--timeout', '180s'),
    );
    expect(await done(helm('test', 'weir'))).toMatch(/Phase: +Succeeded/);
    const { rows } = JSON.parse(await done(weir('table', 'describe', 'counted', '--json'))) as {
      rows: number;
    };
    expect(rows).toBeGreaterThan(0);
    // Its pods have a token; who has none is refused.
    const without = ['exec', 'weir-ps-0', '--', 'env', '-u', 'WEIR_TOKEN_FILE', 'weir', 'table', 'list'];
    expect((await kubectl(...without)).stderr).toContain('UNAUTHENTICATED');
    // Before it is stopped, a shard writes what has changed: over TLS, too.
    await done(kubectl('delete', 'pod', 'weir-ps-0'));
    const events = await done(kubectl('get', 'events', '--field-selector', 'reason=FailedPreStopHook'));
    expect(events.trim()).toBe('');
  });
});

describe('commands of docs/kubernetes.md', () => {
  it('have all been run', async () => {
    await done(helm('uninstall', 'weir', '--wait'));
    await done(documented.run('remove'));
    expect(documented.left).toEqual([]);
  });
});

/** What the reader of the page has made: a certificate with the names of services, an access file, and the token of Weir's pods. */
async function writeSecrets(reader: string): Promise<void> {
  const authority = await makeAuthority();
  const host = (name: string): string => `weir-${name}.prod.svc.cluster.local`;
  const dns = ['ps', 'predictor', 'streams', 'collector'].map(host);
  const { certificate, key } = await authority.issue({ name: 'weir', dns: [`*.${host('ps')}`, ...dns] });
  const token = 'a-token-of-this-test-and-nothing-else';
  const tokens = [`sha256:${createHash('sha256').update(token).digest('hex')}`];
  const everything = { tables: { '*/*': 'admin' }, streams: { '*': 'admin' }, groups: { '*': 'admin' } };
  const identity = { tokens, ...everything, services: { '*': 'admin' } };
  const files = {
    'tls.crt': certificate,
    'tls.key': key,
    'ca.crt': authority.certificate,
    'access.json': JSON.stringify({ identities: { weir: identity } }),
    token,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(reader, name), content);
}

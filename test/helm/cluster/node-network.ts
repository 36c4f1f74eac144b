// What the inner process of a one-node cluster sets up before anything runs: a network of its own, and stand-ins for settings of the
// whole machine. It is in namespaces of its own, so all of this ends with it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of the node; name server and kubelet listen on it. */
export const NODE_ADDRESS = '10.99.0.1';
export const POD_NETWORK = '10.244.0.0/16';
const NODE_PODS = '10.244.0.0/24';

/** A kubelet insists on setting them, and they belong to the machine. */
const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

const run = (program: string, ...argv: readonly string[]): void =>
  void execFileSync(program, argv, { stdio: 'inherit' });

export function standIns(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const setting of SETTINGS) {
    const file = join(folder, setting.replaceAll('/', '_'));
    // Read and written: what /proc says of its size would have it copied as empty.
    writeFileSync(file, readFileSync(`/proc/sys/${setting}`));
    run('mount', '--bind', file, `/proc/sys/${setting}`);
  }
}

export function network(folder: string): void {
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node0p');
  run('ip', 'link', 'set', 'node0p', 'up');
  run('ip', 'addr', 'add', `${NODE_ADDRESS}/24`, 'dev', 'node0');
  run('ip', 'link', 'set', 'node0', 'up');
  run('ip', 'route', 'add', 'default', 'dev', 'node0');
  // Programs beside the pods find services by their names, too.
  const names = join(folder, 'resolv.conf');
  writeFileSync(names, `nameserver ${NODE_ADDRESS}\noptions timeout:1 attempts:2\n`);
  run('mount', '--bind', names, realpathSync('/etc/resolv.conf'));
}

/** Of pods: a bridge, and nothing that knows network policies. */
export function podNetwork(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const ipam = { type: 'host-local', ranges: [[{ subnet: NODE_PODS }]], routes: [{ dst: '0.0.0.0/0' }] };
  const plugins = [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam },
    { type: 'portmap', capabilities: { portMappings: true } },
  ];
  writeFileSync(
    join(folder, '10-bridge.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'pods', plugins }),
  );
}

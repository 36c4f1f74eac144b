// The inner process of a one-node cluster, the first of its pid namespace: `node-main.ts FOLDER IMAGE.tar...`. Starts the control plane
// and the node, says `ready` on stdout, and stays until its stdin ends; then everything ends with it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from '../../tools/tool-path.ts';
import { callProgram, done } from '../helm.ts';
import { ControlPlane } from './control-plane.ts';
import { Daemon } from './daemon.ts';
import {
  containerdConfiguration,
  kubeletConfiguration,
  NODE_NAME,
  nameServerConfiguration,
} from './node-configuration.ts';
import { NODE_ADDRESS, network, POD_NETWORK, podNetwork, standIns } from './node-network.ts';

const READY_TIMEOUT_MS = 120_000;

const [plane = '', ...images] = process.argv.slice(2);
const node = join(plane, 'node');
const folders = { plane, node, containerdSocket: join(node, 'containerd.sock') };
mkdirSync(node, { recursive: true });
standIns(join(node, 'settings'));
network(node);
podNetwork(join(node, 'cni'));

const file = (name: string, text: string): string => {
  writeFileSync(join(node, name), text);
  return join(node, name);
};
const daemon = (name: string, ...argv: readonly string[]): Daemon =>
  new Daemon(name, toolPath(name), argv, join(node, `${name}.log`), node);
const succeeds = async (program: string, ...argv: readonly string[]): Promise<boolean> =>
  (await callProgram(toolPath(program), argv)).code === 0;

const socket = ['-a', folders.containerdSocket];
const containerd = daemon('containerd', '-c', file('containerd.toml', containerdConfiguration(folders)));
const control = await ControlPlane.start({ folder: plane, advertise: NODE_ADDRESS });
const { kubeconfig } = control;
await containerd.ready(() => succeeds('ctr', ...socket, 'version'), READY_TIMEOUT_MS);
for (const image of images) {
  execFileSync(toolPath('ctr'), [...socket, '-n', 'k8s.io', 'images', 'import', image], { stdio: 'ignore' });
}
const kubelet = daemon(
  'kubelet',
  ...[`--kubeconfig=${kubeconfig}`, `--root-dir=${join(node, 'kubelet')}`],
  `--config=${file('kubelet.json', kubeletConfiguration(folders, control.kubeletClientCertificate))}`,
  ...[`--cert-dir=${join(node, 'pki')}`, `--hostname-override=${NODE_NAME}`, `--node-ip=${NODE_ADDRESS}`],
);
daemon(
  'kube-proxy',
  ...[`--kubeconfig=${kubeconfig}`, `--cluster-cidr=${POD_NETWORK}`, `--hostname-override=${NODE_NAME}`],
  ...['--conntrack-max-per-core=0', '--proxy-mode=iptables', `--bind-address=${NODE_ADDRESS}`],
);
daemon('coredns', '-conf', file('Corefile', nameServerConfiguration(kubeconfig)));
const wait = [
  'wait',
  `node/${NODE_NAME}`,
  '--for=condition=Ready',
  '--timeout=1s',
  '--kubeconfig',
  kubeconfig,
];
await kubelet.ready(() => succeeds('kubectl', ...wait), READY_TIMEOUT_MS);
await done(callProgram(toolPath('kubectl'), ['get', 'node', NODE_NAME, '--kubeconfig', kubeconfig]));
process.stdout.write('ready\n');
process.stdin.once('end', () => process.exit(0));
process.stdin.resume();

// Configuration files of the programs of a node.
import { join } from 'node:path';
import { NODE_ADDRESS } from './node-network.ts';

/** Name of the node, also in the affinity of its volumes. */
export const NODE_NAME = 'node1';

export interface NodeFolders {
  /** Of the control plane. */
  readonly plane: string;
  readonly node: string;
  readonly containerdSocket: string;
}

export function containerdConfiguration({ node, containerdSocket }: NodeFolders): string {
  const runtime = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${join(node, 'containerd')}"
state = "${join(node, 'containerd-state')}"
[grpc]
  address = "${containerdSocket}"
[${runtime}]
  sandbox_image = "weir.local/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [${runtime}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(node, 'cni')}"
  [${runtime}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

export function kubeletConfiguration(folders: NodeFolders, clientCa: string): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    readOnlyPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: clientCa },
    },
    authorization: { mode: 'AlwaysAllow' },
    // Of a machine that is not only this node's.
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    containerRuntimeEndpoint: `unix://${folders.containerdSocket}`,
    clusterDomain: 'cluster.local',
    clusterDNS: [NODE_ADDRESS],
    resolvConf: '',
    oomScoreAdj: 0,
    // Images cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
  });
}

export function nameServerConfiguration(kubeconfig: string): string {
  return `.:53 {\n  bind ${NODE_ADDRESS}\n  errors\n  kubernetes cluster.local {\n    kubeconfig ${kubeconfig} test\n  }\n}\n`;
}

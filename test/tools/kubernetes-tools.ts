// What test:helm needs: Helm and its checks, a real Kubernetes control plane, and a node that runs real pods.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages } from './debian-packages.ts';
import { goBuild, goInstall, moduleFolder } from './go-modules.ts';
import { run } from './run.ts';
import { findTool, TOOLS_BIN, TOOLS_FOLDER } from './tool-path.ts';

const KUBERNETES_VERSION = '1.36.3';
/** Of the JSON schemas. */
export const SCHEMAS_VERSION = '1.36.0';
export const SCHEMAS_FOLDER = join(TOOLS_FOLDER, 'schemas');
/** What the Prometheus operator adds to a cluster, as far as the chart uses it. */
export const CUSTOM_RESOURCES_FOLDER = join(TOOLS_FOLDER, 'custom-resources');
const CUSTOM_RESOURCES = ['servicemonitors', 'prometheusrules'];
const OPERATOR = 'github.com/prometheus-operator/prometheus-operator@v0.75.2';

export const CONTROL_PLANE = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'etcd',
] as const;
export const NODE = [
  ...['kubelet', 'kube-proxy', 'containerd', 'containerd-shim-runc-v2', 'ctr', 'coredns'],
  ...['podman', 'runc', 'mmdebstrap', 'busybox', 'iptables', 'conntrack'],
] as const;

export function installHelm(): void {
  goInstall('helm.sh/helm/v3/cmd/helm@v3.22.0');
}

export function installHelmUnittest(): void {
  const module = 'github.com/helm-unittest/helm-unittest';
  const yaml = 'github.com/vmware-labs/yaml-jsonpath v0.3.2';
  const lines = [
    `require ${module} v1.1.2`,
    `replace ${yaml} => github.com/helm-unittest/yaml-jsonpath v0.4.0`,
  ];
  goBuild({ name: 'helm-unittest', lines }, [`${module}/cmd/helm-unittest`]);
}

/** With schemas and custom resources: what they describe is checked without the web. */
export function installKubeconform(): void {
  if (findTool('kubeconform') === undefined) goInstall('github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0');
  if (!existsSync(join(SCHEMAS_FOLDER, `v${SCHEMAS_VERSION}-strict`))) installSchemas();
  if (existsSync(CUSTOM_RESOURCES_FOLDER)) return;
  const source = join(moduleFolder(OPERATOR), 'example/prometheus-operator-crd');
  mkdirSync(CUSTOM_RESOURCES_FOLDER, { recursive: true });
  for (const name of CUSTOM_RESOURCES) {
    const content = readFileSync(join(source, `monitoring.coreos.com_${name}.yaml`));
    writeFileSync(join(CUSTOM_RESOURCES_FOLDER, `${name}.yaml`), content);
  }
}

export function installControlPlane(): void {
  goBuildKubernetes(CONTROL_PLANE.filter((name) => name.startsWith('kube')));
  if (findTool('etcd') !== undefined) return;
  const server = 'go.etcd.io/etcd/server/v3';
  goBuild({ name: 'etcd', lines: [`require ${server} v3.7.3`] }, [server]);
  // Go names it after the folder.
  const built = ['server', 'v3'].map((name) => join(TOOLS_BIN, name)).find((path) => existsSync(path));
  if (built !== undefined) renameSync(built, join(TOOLS_BIN, 'etcd'));
}

export function installNode(): void {
  installControlPlane();
  goBuildKubernetes(['kubelet', 'kube-proxy']);
  if (findTool('containerd') === undefined) {
    const module = 'github.com/containerd/containerd/v2';
    const programs = ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => `${module}/cmd/${name}`);
    goBuild({ name: 'containerd', lines: [`require ${module} v2.4.2`] }, programs);
  }
  if (findTool('coredns') === undefined) goInstall('github.com/coredns/coredns@v1.15.0');
  const packages = [
    ...['podman', 'buildah', 'runc', 'containernetworking-plugins', 'netavark', 'aardvark-dns'],
    ...['conntrack', 'iptables', 'mmdebstrap', 'busybox-static'],
  ];
  if (NODE.some((name) => findTool(name) === undefined)) debianPackages(...packages);
}

/** Kubernetes replaces its parts by folders of its own repository, which `go install` refuses; their releases stand in here. */
function goBuildKubernetes(names: readonly string[]): void {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return;
  const goMod = readFileSync(
    join(moduleFolder(`k8s.io/kubernetes@v${KUBERNETES_VERSION}`), 'go.mod'),
    'utf8',
  );
  const staging = `v${KUBERNETES_VERSION.replace(/^1/, '0')}`;
  const replaced = /^replace \([\s\S]*?^\)/m.exec(goMod)![0];
  const lines = [
    'godebug default=go1.26',
    `require k8s.io/kubernetes v${KUBERNETES_VERSION}`,
    replaced.replaceAll(/=> \.\/staging\/src\/(.*)$/gm, `=> $1 ${staging}`),
  ];
  const version = 'k8s.io/component-base/version.git';
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const facts = { Version: `v${KUBERNETES_VERSION}`, Major: major, Minor: minor, TreeState: 'clean' };
  const linkerFlags = Object.entries(facts)
    .map(([fact, value]) => `-X ${version}${fact}=${value}`)
    .join(' ');
  goBuild(
    { name: 'kubernetes', lines, linkerFlags },
    missing.map((name) => `k8s.io/kubernetes/cmd/${name}`),
  );
}

/** kubeconform's own schemas are on the web; a PyPI package has them too, with references that only it understands. */
function installSchemas(): void {
  const environment = join(TOOLS_FOLDER, 'py');
  run('python3', ['-m', 'venv', environment]);
  run(join(environment, 'bin', 'pip'), ['-q', 'install', 'kubernetes-validate==1.37.0']);
  const wheel = readdirSync(environment, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isDirectory() && entry.name === 'kubernetes-json-schema',
  )!;
  const source = join(wheel.parentPath, wheel.name, `v${SCHEMAS_VERSION}-local-strict`);
  const target = join(SCHEMAS_FOLDER, `v${SCHEMAS_VERSION}-strict`);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source).filter((one) => one.endsWith('.json'))) {
    const text = readFileSync(join(source, name), 'utf8');
    const { $id: _, ...schema } = JSON.parse(
      text.replaceAll('"/api/_definitions.json#', '"_definitions.json#'),
    ) as Record<string, unknown>;
    writeFileSync(join(target, name), JSON.stringify(schema));
  }
}

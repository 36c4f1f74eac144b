// `node test/tools/install.ts jaeger helm kubernetes-node ...`: the real tools that the suites need. What is there already is
// left as it is. They are built from their Go modules (k6 2 minutes on 2 cores, jaeger 4, the control plane 10, the node 8) or are Debian's
// packages.
import { join } from 'node:path';
import { debianPackages } from './debian-packages.ts';
import { goBuild, goInstall, moduleFolder } from './go-modules.ts';
import {
  CONTROL_PLANE,
  installControlPlane,
  installHelm,
  installHelmUnittest,
  installKubeconform,
  installNode,
  NODE,
} from './kubernetes-tools.ts';
import { fail } from './run.ts';
import { findTool, TOOLS_BIN } from './tool-path.ts';

interface Tool {
  /** Programs that it has; default: one of its own name. */
  readonly programs?: readonly string[];
  readonly install: () => void;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  jaeger: { install: ifMissing('jaeger', buildJaeger) },
  k6: { install: ifMissing('k6', () => goInstall('go.k6.io/k6@v1.8.1')) },
  prometheus: { install: ifMissing('prometheus', () => debianPackages('prometheus')) },
  promtool: { install: ifMissing('promtool', () => debianPackages('prometheus')) },
  chromium: { install: ifMissing('chromium', () => debianPackages('chromium')) },
  zsh: { install: ifMissing('zsh', () => debianPackages('zsh')) },
  fish: { install: ifMissing('fish', () => debianPackages('fish')) },
  helm: { install: ifMissing('helm', installHelm) },
  'helm-unittest': { install: ifMissing('helm-unittest', installHelmUnittest) },
  kubeconform: { install: installKubeconform },
  'kubernetes-control-plane': { programs: CONTROL_PLANE, install: installControlPlane },
  'kubernetes-node': { programs: [...CONTROL_PLANE, ...NODE], install: installNode },
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => toolOf(name) === undefined);
if (names.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`unknown: ${unknown.join(', ')}\n`);
  process.stderr.write(`usage: node test/tools/install.ts ${Object.keys(TOOLS).join('|')} ...\n`);
  process.exit(2);
}
for (const name of names) {
  const { install, programs = [name] } = toolOf(name)!;
  install();
  for (const program of programs) {
    const path = findTool(program);
    if (path === undefined) fail(`${program} is still neither in ${TOOLS_BIN} nor on the PATH`);
    process.stdout.write(`${program}: ${path}\n`);
  }
}

/** Also by the name of one of its programs, by which a suite misses it. */
function toolOf(name: string): Tool | undefined {
  return TOOLS[name] ?? Object.values(TOOLS).find(({ programs }) => programs?.includes(name));
}

function ifMissing(name: string, install: () => void): () => void {
  return () => {
    if (findTool(name) === undefined) install();
  };
}

function buildJaeger(): void {
  const module = 'github.com/jaegertracing/jaeger';
  const version = 'v1.76.0';
  const lines = [
    `require ${module} ${version}`,
    // As in its own go.mod, where `go install` would refuse it.
    'replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0',
  ];
  const sums = join(moduleFolder(`${module}@${version}`), 'go.sum');
  goBuild({ name: 'jaeger', lines, sums }, [`${module}/cmd/jaeger`]);
}

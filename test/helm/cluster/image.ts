// The image, built from the Dockerfile where no base can be pulled: Debian is made by mmdebstrap, and the build's npm is this machine's.
// Its store is kept with the tools, so that a second build takes what it can from the first.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TOOLS_FOLDER, toolPath } from '../../tools/tool-path.ts';
import { callProgram, done, ROOT } from '../helm.ts';

const STORE = join(TOOLS_FOLDER, 'containers');
/** Images that are not pulled have a registry that there is not. */
const REGISTRY = 'weir.local';
const DEBIAN = `${REGISTRY}/debian:bookworm`;
const NODE = `${REGISTRY}/node:24`;
const PAUSE = `${REGISTRY}/pause:1`;
export const IMAGE = `${REGISTRY}/weir`;
const SOURCES = '/etc/apt/sources.list.d/debian.sources';

const podman = (...argv: readonly string[]) => {
  const store = ['--root', join(STORE, 'root'), '--runroot', join(STORE, 'run')];
  return callProgram(toolPath('podman'), [
    ...[...store, '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'],
    ...argv,
  ]);
};
/** Its own defaults are more than a container may ask for that is inside of another one. */
const LIMITS = ['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=4096:4096'];
const build = (image: string, context: string, ...flags: readonly string[]) =>
  done(podman('build', '-q', ...LIMITS, ...flags, '-t', image, context));
const isThere = async (image: string): Promise<boolean> =>
  (await podman('image', 'exists', image)).code === 0;

/** Archives for a node: the pause image, and Weir's under two tags, of which the second is the first with a file more. */
export async function buildImages(folder: string): Promise<readonly string[]> {
  mkdirSync(STORE, { recursive: true });
  if (!(await isThere(DEBIAN))) await makeDebian();
  if (!(await isThere(NODE))) await makeNode();
  const bases = ['--build-arg', `BASE=${DEBIAN}`, '--build-arg', `BUILD_BASE=${NODE}`];
  // The registry of npm packages is reached as from here.
  await build(`${IMAGE}:one`, ROOT, '--network', 'host', ...bases);
  await inScratch(async (context) => {
    const program = `FROM ${IMAGE}:one\nUSER 0\nRUN echo two > /opt/weir/CHANGED\nUSER 10001:10001\n`;
    writeFileSync(join(context, 'Dockerfile'), program);
    await build(`${IMAGE}:two`, context);
    cpSync(toolPath('busybox'), join(context, 'busybox'));
    const pause = 'FROM scratch\nCOPY busybox /busybox\nENTRYPOINT ["/busybox", "sleep", "2147483647"]\n';
    writeFileSync(join(context, 'Dockerfile'), pause);
    await build(PAUSE, context);
  });
  // One archive: layers that images share are in it once.
  const archive = join(folder, 'images.tar');
  const images = [PAUSE, `${IMAGE}:one`, `${IMAGE}:two`];
  await done(podman('save', '-q', '-m', '--format', 'docker-archive', '-o', archive, ...images));
  return [archive];
}

/** Text in a file of the image. */
export function readFromImage(image: string, path: string): Promise<string> {
  return done(podman('run', '--rm', '--network', 'none', ...LIMITS, '--entrypoint', 'cat', image, path));
}

export function inspectImage(image: string, format: string): Promise<string> {
  return done(podman('image', 'inspect', '--format', format, image));
}

async function makeDebian(): Promise<void> {
  await inScratch(async (folder) => {
    const archive = join(folder, 'debian.tar');
    const flags = ['--variant=minbase', '--include=libatomic1,ca-certificates', 'bookworm', archive];
    await done(callProgram(toolPath('mmdebstrap'), [...flags, ...(existsSync(SOURCES) ? [SOURCES] : [])]));
    await done(podman('import', '-q', archive, DEBIAN));
  });
}

/** For the stages that build: Node, and npm with whatever authorities this machine trusts. */
async function makeNode(): Promise<void> {
  const npm = process.env.npm_execpath;
  if (npm === undefined)
    throw new Error('run it with npm, as `npm run test:helm`: the image is built with that npm');
  await inScratch(async (context) => {
    cpSync(process.execPath, join(context, 'node'), { dereference: true });
    cpSync(dirname(dirname(npm)), join(context, 'npm'), { recursive: true });
    cpSync('/etc/ssl/certs/ca-certificates.crt', join(context, 'authorities.crt'), { dereference: true });
    const lines = [
      `FROM ${DEBIAN}`,
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/node_modules/npm',
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
      'COPY authorities.crt /etc/ssl/certs/ca-certificates.crt',
      'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
    ];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    await build(NODE, context);
  });
}

async function inScratch(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-image-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

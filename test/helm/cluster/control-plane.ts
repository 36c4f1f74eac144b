// A real Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { freePorts } from '@weir/runtime';
import { toolPath } from '../../tools/tool-path.ts';
import { Daemon } from './daemon.ts';

const READY_TIMEOUT_MS = 120_000;

export interface ControlPlaneOptions {
  /** Of keys, logs and etcd's data; the caller removes it. */
  readonly folder: string;
  /** Address by which a node's pods reach the API server; undefined: there are no pods. */
  readonly advertise?: string;
}

export class ControlPlane implements AsyncDisposable {
  readonly kubeconfig: string;
  /** Certificate by which a kubelet knows the API server. */
  readonly kubeletClientCertificate: string;
  readonly #daemons: Daemon[] = [];
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.kubeconfig = join(folder, 'kubeconfig');
    this.kubeletClientCertificate = join(folder, 'kubelet-client.crt');
  }

  static async start({ folder, advertise }: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(folder);
    try {
      await plane.#start(advertise);
      return plane;
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(advertise: string | undefined): Promise<void> {
    const [port, etcd, peer, manager, scheduler] = await freePorts(5);
    const token = this.#writeKeys();
    const client = `http://127.0.0.1:${etcd}`;
    const peers = `http://127.0.0.1:${peer}`;
    this.#run('etcd', [
      ...['--name', 'k', '--data-dir', join(this.#folder, 'etcd'), '--unsafe-no-fsync'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
      ...['--initial-cluster', `k=${peers}`],
    ]);
    const server = this.#run('kube-apiserver', [
      ...[`--etcd-servers=${client}`, '--bind-address=127.0.0.1', `--secure-port=${port}`],
      ...['--cert-dir=certs', '--service-cluster-ip-range=10.96.0.0/16', '--allow-privileged=true'],
      ...[
        '--service-account-issuer=https://kubernetes.default.svc',
        '--service-account-key-file=accounts.pub',
      ],
      ...['--service-account-signing-key-file=accounts.key', '--authorization-mode=RBAC'],
      ...['--token-auth-file=tokens.csv', '--endpoint-reconciler-type=none'],
      ...['--kubelet-client-certificate=kubelet-client.crt', '--kubelet-client-key=kubelet-client.key'],
      ...(advertise === undefined
        ? []
        : [`--advertise-address=${advertise}`, '--kubelet-preferred-address-types=InternalIP']),
    ]);
    await server.ready(() => answers(port!), READY_TIMEOUT_MS);
    writeFileSync(this.kubeconfig, kubeconfig(port!, join(this.#folder, 'certs/apiserver.crt'), token), {
      mode: 0o600,
    });
    const common = ['--kubeconfig=kubeconfig', '--bind-address=127.0.0.1', '--leader-elect=false'];
    this.#run('kube-controller-manager', [
      ...[...common, `--secure-port=${manager}`, '--cert-dir=certs-manager'],
      ...['--service-account-private-key-file=accounts.key', '--root-ca-file=certs/apiserver.crt'],
    ]);
    this.#run('kube-scheduler', [...common, `--secure-port=${scheduler}`, '--cert-dir=certs-scheduler']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons.reverse()) await daemon[Symbol.asyncDispose]();
  }

  /** @returns the administrator's token. */
  #writeKeys(): string {
    const write = (name: string, text: string | Buffer): void =>
      writeFileSync(join(this.#folder, name), text, { mode: 0o600 });
    const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
    write('accounts.key', accounts.privateKey.export({ type: 'pkcs1', format: 'pem' }));
    write('accounts.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }));
    const token = randomBytes(16).toString('hex');
    write('tokens.csv', `${token},admin,admin,"system:masters"\n`);
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    const names = ['-subj', '/O=system:masters/CN=kubelet-client', '-addext', 'extendedKeyUsage=clientAuth'];
    const files = ['-keyout', 'kubelet-client.key', '-out', 'kubelet-client.crt'];
    execFileSync('openssl', [...request, ...names, ...files], { cwd: this.#folder, stdio: 'ignore' });
    return token;
  }

  #run(name: string, argv: readonly string[]): Daemon {
    const daemon = new Daemon(name, toolPath(name), argv, join(this.#folder, `${name}.log`), this.#folder);
    this.#daemons.push(daemon);
    return daemon;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Its certificate is one that it has just made for itself.
    const request = get(
      { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.on('error', () => resolve(false));
  });
}

function kubeconfig(port: number, certificate: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

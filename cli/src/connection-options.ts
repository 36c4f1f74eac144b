// How verbs reach a cluster: what they trust and show. The same names as the services' settings, so that one environment serves
// both.
import type { TlsOptions, TokenSource } from '@weir/sdk';
import { type Command, Option } from 'commander';

export interface ConnectionFlags {
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly serverName?: string;
  readonly tokenFile?: string;
  readonly insecure?: boolean;
}

/** For `connect` and `connectStreams`. */
export interface Connection {
  readonly tls: TlsOptions | undefined;
  readonly token: TokenSource | undefined;
  readonly insecure: boolean;
}

/** Adds `--ca` and what belongs to it, each with its environment variable. */
export function connectionOptions(command: Command): Command {
  const options: readonly [string, string, string][] = [
    ['--ca <file>', 'WEIR_CA', 'speak TLS and trust these CAs, PEM; "system": the ones that Node trusts'],
    ['--client-cert <file>', 'WEIR_CLIENT_CERT', 'certificate to show, PEM with its chain'],
    ['--client-key <file>', 'WEIR_CLIENT_KEY', 'its private key, PEM'],
    [
      '--server-name <name>',
      'WEIR_SERVER_NAME',
      "name in the servers' certificates, where it is not the host of their address",
    ],
    [
      '--token-file <file>',
      'WEIR_TOKEN_FILE',
      'file with the token to show; or WEIR_TOKEN, the token itself',
    ],
  ];
  for (const [flags, variable, text] of options) command.addOption(new Option(flags, text).env(variable));
  return command.option('--insecure', 'show the token over a plain connection to another machine, too');
}

/** @throws UsageError, WeirError CONFIGURATION naming the setting that cannot be used. */
export async function connectionOf(flags: ConnectionFlags): Promise<Connection> {
  // Here, so that --help does not pay for it.
  const { clientToken, readClientTls } = await import('@weir/runtime');
  const { tokenFile, insecure = ['true', '1'].includes(process.env.WEIR_INSECURE ?? '') } = flags;
  const token = clientToken({ tokenFile, token: process.env.WEIR_TOKEN || undefined });
  return { tls: readClientTls(flags), token, insecure };
}

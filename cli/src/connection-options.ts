// How verbs reach a cluster: what they trust and show. The same names as the services' settings, so that one environment serves
// both.
import type { TlsOptions } from '@weir/sdk';
import { type Command, Option } from 'commander';

export interface ConnectionFlags {
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly serverName?: string;
}

/** For `connect` and `connectStreams`. */
export interface Connection {
  readonly tls: TlsOptions | undefined;
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
  ];
  for (const [flags, variable, text] of options) command.addOption(new Option(flags, text).env(variable));
  return command;
}

/** @throws UsageError, WeirError CONFIGURATION naming the setting that cannot be used. */
export async function connectionOf(flags: ConnectionFlags): Promise<Connection> {
  // Here, so that --help does not pay for it.
  const { readClientTls } = await import('@weir/runtime');
  return { tls: readClientTls(flags) };
}

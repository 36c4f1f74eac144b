// HOST:PORT, as services take it and print it.
import { WeirError } from '@weir/proto';
import { z } from 'zod';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(?:\[([^\]\s]+)\]|([^:\s[\]]+)):(\d{1,5})$/;

/** Undefined unless it is `host:port` or `[ipv6]:port` with a port up to 65535. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = PATTERN.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port <= 65_535) ? undefined : { host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A setting that is an address to listen on or connect to. */
export function hostPort(): z.ZodString {
  return z
    .string()
    .refine((text) => parseHostPort(text) !== undefined, {
      error: (issue) => `"${issue.input}" is not HOST:PORT`,
    })
    .meta({ placeholder: 'HOST:PORT' });
}

/** What a failed bind means to an operator. `flag` is the setting to change. */
export function listenError(address: string, flag: string, cause: unknown): WeirError {
  const text =
    cause instanceof Error ? `${'code' in cause ? cause.code : ''} ${cause.message}` : String(cause);
  const advice = `choose another address with ${flag} (port 0 takes any free one)`;
  const message = text.includes('EADDRINUSE')
    ? `${address} is in use by another process; stop that process or ${advice}`
    : `cannot listen on ${address} (${text.trim()}); ${advice}`;
  return new WeirError('CONFIGURATION', message, { cause });
}

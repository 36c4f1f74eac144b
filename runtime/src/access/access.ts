// Who may do what at this process, as of now. Without an access file everybody may do everything. The file is read again when it
// changes; one that is broken changes nothing but a counter and a line in the log.
import { readFile } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import type { Logger } from 'pino';
import { FILE_POLL_MS } from '../limits.ts';
import { meter } from '../telemetry/meter.ts';
import { watchFiles } from '../watch-files.ts';
import type { ResourceKind, Role } from './access-file.ts';
import { AccessPolicy, type Identity } from './access-policy.ts';
import { Audit } from './audit.ts';
import type { Caller } from './caller.ts';

/** Why a call was refused. */
export const REFUSAL_REASONS = ['no_token', 'unknown_token', 'unknown_certificate', 'forbidden'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** What became of a change of the file. */
export const RELOAD_OUTCOMES = ['ok', 'failed'] as const;

/** Of a name in a message: a caller without any role may name what it likes. */
const NAME_LENGTH_MAX = 256;

export interface AccessOptions {
  /** `--access`; undefined: everything is allowed. */
  readonly file: string | undefined;
  /** Name of the service. */
  readonly service: string;
  readonly log: Logger;
}

export class Access {
  readonly service: string;
  readonly audit: Audit;
  readonly log: Logger;
  readonly #file: string | undefined;
  readonly #text: string;
  readonly #listeners = new Set<() => void>();
  readonly #reloads = { ok: 0, failed: 0 };
  readonly #refusals: Record<RefusalReason, number> = {
    no_token: 0,
    unknown_token: 0,
    unknown_certificate: 0,
    forbidden: 0,
  };
  #policy: AccessPolicy | undefined;
  #isStale = false;

  /** For `openAccess`. @param text of the file. */
  constructor({ service, log, file }: AccessOptions, text: string) {
    this.service = service;
    this.audit = new Audit(log);
    this.log = log;
    this.#file = file;
    this.#text = text;
    this.#policy = file === undefined ? undefined : new AccessPolicy(text, file);
  }

  /** Whether anybody is refused anything. */
  get isOn(): boolean {
    return this.#policy !== undefined;
  }

  /** Another object after each change. */
  get policy(): AccessPolicy | undefined {
    return this.#policy;
  }

  /** Who calls; undefined while there is no access file. @throws WeirError UNAUTHENTICATED, counted. */
  identify(caller: Caller): Identity | undefined {
    const policy = this.#policy;
    if (policy === undefined) return undefined;
    const { token, certificate } = caller;
    if (token !== undefined) {
      const identity = token === 'malformed' ? undefined : policy.ofToken(token);
      if (identity !== undefined) return identity;
      throw this.#unauthenticated('unknown_token', 'the token is not known here, or not any more');
    }
    if (certificate.length === 0) {
      const how = 'send one as `authorization: Bearer TOKEN`, or show a client certificate';
      throw this.#unauthenticated('no_token', `a token is needed: ${how}`);
    }
    const identity = policy.ofCertificate(certificate);
    if (identity !== undefined) return identity;
    throw this.#unauthenticated(
      'unknown_certificate',
      `the certificate's names are not known here: ${certificate.join(', ')}`,
    );
  }

  /** The error of an identity that lacks a role, counted. */
  forbidden(identity: Identity, role: Role, kind: ResourceKind, name: string, action: string): WeirError {
    this.#refusals.forbidden++;
    const held = identity.roleOn(kind, name);
    const what = `${kind.slice(0, -1)} ${name.slice(0, NAME_LENGTH_MAX)}`;
    const has = held === undefined ? 'it has no role there' : `it has ${held}`;
    const message = `${identity.name} lacks the role ${role} on ${what}, which ${action} needs; ${has}`;
    return new WeirError(
      'PERMISSION_DENIED',
      message,
      kind === 'tables' ? { table: name.slice(0, NAME_LENGTH_MAX) } : {},
    );
  }

  /** Tells of each change of the policy; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Until the signal aborts. */
  watch(signal: AbortSignal): void {
    observe(this.#refusals, this.#reloads, () => this.#isStale);
    const file = this.#file;
    if (file === undefined) return;
    const watched = {
      read: () => readFile(file, 'utf8'),
      take: (text: string) => this.#reload(text, file),
      refused: (error: unknown) => this.#failed(error),
    };
    void watchFiles(watched, this.#text, FILE_POLL_MS, signal);
  }

  #reload(text: string, file: string): void {
    this.#policy = new AccessPolicy(text, file);
    this.#isStale = false;
    this.#reloads.ok++;
    this.log.info({ file }, 'the access file has changed');
    for (const listener of [...this.#listeners]) listener();
  }

  #failed(error: unknown): void {
    this.#isStale = true;
    this.#reloads.failed++;
    this.log.error({ err: error }, 'the access file cannot be used; what it said before holds on');
  }

  #unauthenticated(reason: RefusalReason, message: string): WeirError {
    this.#refusals[reason]++;
    return new WeirError('UNAUTHENTICATED', message);
  }
}

/** @throws WeirError CONFIGURATION. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { file } = options;
  if (file === undefined) return new Access(options, '');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `--access ${file} cannot be read: ${why}`, { cause });
  });
  return new Access(options, text);
}

function observe(
  refusals: Readonly<Record<RefusalReason, number>>,
  reloads: Readonly<Record<(typeof RELOAD_OUTCOMES)[number], number>>,
  isStale: () => boolean,
): void {
  const instruments = meter('weir.access');
  instruments
    .createObservableCounter('weir.access.refused', {
      unit: '{call}',
      description: 'Calls, or messages of calls, refused for who made them, by reason',
    })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(refusals)) result.observe(count, { reason });
    });
  instruments
    .createObservableCounter('weir.access.reloads', {
      unit: '{reload}',
      description: 'Changes of the access file, by what became of them',
    })
    .addCallback((result) => {
      for (const [outcome, count] of Object.entries(reloads)) result.observe(count, { outcome });
    });
  instruments
    .createObservableGauge('weir.access.stale', {
      unit: '1',
      description: '1 while the access file cannot be used, and what it said before holds on',
    })
    .addCallback((result) => result.observe(isStale() ? 1 : 0));
}

// What the caller of one gRPC call may, as of now: asked by the guard, or by a handler that can refuse one message and go on. What was
// allowed once is remembered until the access file changes, so that a message of a long stream costs a look-up for each table it names.
import type { Metadata } from '@grpc/grpc-js';
import type { WeirError } from '@weir/proto';
import type { Access } from './access.ts';
import type { ResourceKind, Role } from './access-file.ts';
import type { AccessPolicy, Identity } from './access-policy.ts';
import type { Caller } from './caller.ts';
import type { Need, Rule } from './rules.ts';

/** More are not remembered: a client could name ever new ones. */
const REMEMBERED_MAX = 1_024;

/** The name of the table with this uid, if there is one. */
export type TableName = (uid: string) => string | undefined;

export interface CallAccess {
  /** Why the message is refused. */
  refusal(message: unknown): WeirError | undefined;
  may(role: Role, kind: ResourceKind, name: string): boolean;
}

const EVERYTHING: CallAccess = { refusal: () => undefined, may: () => true };

const byMetadata = new WeakMap<Metadata, CallAccess>();

/** Of a handler's call. */
export function accessOf({ metadata }: { readonly metadata: Metadata }): CallAccess {
  return byMetadata.get(metadata) ?? EVERYTHING;
}

export class CheckedCall implements CallAccess {
  readonly #access: Access;
  readonly #caller: Caller;
  readonly #action: string;
  readonly #needs: readonly Need[];
  readonly #tableName: TableName;
  #policy: AccessPolicy | undefined;
  #identity: Identity | undefined;
  /** Of each need, what the caller may. */
  readonly #allowed: readonly Set<string>[];

  /** @throws WeirError UNAUTHENTICATED. */
  constructor(access: Access, caller: Caller, action: string, rule: Rule, tableName: TableName) {
    this.#access = access;
    this.#caller = caller;
    this.#action = action;
    this.#needs = rule.needs;
    this.#tableName = tableName;
    this.#allowed = rule.needs.map(() => new Set());
    this.#policy = access.policy;
    this.#identity = access.identify(caller);
  }

  /** Undefined where nobody is refused anything. */
  get who(): string | undefined {
    return this.#identity?.name;
  }

  /** So that the handler of the call with this metadata finds it. */
  attach(metadata: Metadata): void {
    byMetadata.set(metadata, this);
  }

  refusal(message: unknown): WeirError | undefined {
    if (this.#identity === undefined) return undefined;
    if (this.#policy !== this.#access.policy) {
      const error = this.again();
      if (error !== undefined) return error;
    }
    for (let i = 0; i < this.#needs.length; i++) {
      const allowed = this.#allowed[i]!;
      for (const name of this.#needs[i]!.of(message as never)) {
        if (allowed.has(name)) continue;
        const error = this.#check(i, name);
        if (error !== undefined) return error;
      }
    }
    return undefined;
  }

  may(role: Role, kind: ResourceKind, name: string): boolean {
    return this.#identity === undefined || this.#identity.may(role, kind, name);
  }

  /** The access file has changed: who calls, and whether it may what it was allowed before. */
  again(): WeirError | undefined {
    if (this.#policy === this.#access.policy) return undefined;
    try {
      this.#identity = this.#access.identify(this.#caller);
    } catch (error) {
      return error as WeirError;
    }
    this.#policy = this.#access.policy;
    const before = this.#allowed.map((allowed) => [...allowed]);
    for (const allowed of this.#allowed) allowed.clear();
    for (const [i, names] of before.entries()) {
      for (const name of names) {
        const error = this.#check(i, name);
        if (error !== undefined) return error;
      }
    }
    return undefined;
  }

  /** For the audit log: names of what the message is about. */
  named(message: unknown): string[] {
    return this.#needs.flatMap(({ kind, of }) =>
      of(message as never).map((name) => (kind === 'uids' ? (this.#tableName(name) ?? name) : name)),
    );
  }

  #check(index: number, given: string): WeirError | undefined {
    const { role, kind } = this.#needs[index]!;
    const name = kind === 'uids' ? this.#tableName(given) : given;
    // Of a table that is not there its handler tells.
    if (name === undefined) return undefined;
    const held = kind === 'uids' ? 'tables' : kind;
    if (!this.#identity!.may(role, held, name))
      return this.#access.forbidden(this.#identity!, role, held, name, this.#action);
    const allowed = this.#allowed[index]!;
    if (allowed.size >= REMEMBERED_MAX) allowed.clear();
    allowed.add(given);
    return undefined;
  }
}

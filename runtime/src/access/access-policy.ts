// What an access file says, ready to be asked: who a caller is, and whether it may. Pure.
import { hash, timingSafeEqual } from 'node:crypto';
import {
  type IdentityEntry,
  parseAccessFile,
  RESOURCE_KINDS,
  type ResourceKind,
  ROLES,
  type Role,
} from './access-file.ts';

interface Grant {
  readonly matches: (name: string) => boolean;
  /** Index in ROLES. */
  readonly rank: number;
}

export class Identity {
  readonly name: string;
  readonly #grants: Readonly<Record<ResourceKind, readonly Grant[]>>;

  constructor(name: string, entry: Pick<IdentityEntry, ResourceKind>) {
    this.name = name;
    const grantsOn = (kind: ResourceKind): Grant[] =>
      Object.entries(entry[kind]).map(([pattern, role]) => ({
        matches: matching(pattern),
        rank: ROLES.indexOf(role),
      }));
    this.#grants = Object.fromEntries(
      RESOURCE_KINDS.map((kind) => [kind, grantsOn(kind)]),
    ) as unknown as Record<ResourceKind, Grant[]>;
  }

  /** The highest of those that it has there. */
  roleOn(kind: ResourceKind, name: string): Role | undefined {
    let highest = -1;
    for (const { matches, rank } of this.#grants[kind]) {
      if (rank > highest && matches(name)) highest = rank;
    }
    return ROLES[highest];
  }

  may(role: Role, kind: ResourceKind, name: string): boolean {
    const held = this.roleOn(kind, name);
    return held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(role);
  }
}

interface KnownToken {
  readonly sha256: Buffer;
  readonly identity: Identity;
}

export class AccessPolicy {
  readonly #tokens: readonly KnownToken[];
  readonly #certificates: ReadonlyMap<string, Identity>;

  /** @throws WeirError CONFIGURATION. */
  constructor(text: string, file: string) {
    const tokens: KnownToken[] = [];
    const certificates = new Map<string, Identity>();
    for (const [name, entry] of parseAccessFile(text, file)) {
      const identity = new Identity(name, entry);
      for (const one of entry.tokens) tokens.push({ sha256: Buffer.from(one.slice(7), 'hex'), identity });
      for (const one of entry.certificates) certificates.set(one, identity);
    }
    this.#tokens = tokens;
    this.#certificates = certificates;
  }

  /** Looks at every token there is, so that the time it takes says nothing about any. */
  ofToken(sha256: Buffer): Identity | undefined {
    let found: Identity | undefined;
    for (const known of this.#tokens) if (timingSafeEqual(known.sha256, sha256)) found = known.identity;
    return found;
  }

  /** @param names of one verified certificate: the first that is known counts. */
  ofCertificate(names: readonly string[]): Identity | undefined {
    for (const name of names) {
      const identity = this.#certificates.get(name);
      if (identity !== undefined) return identity;
    }
    return undefined;
  }
}

export function sha256Of(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** As it stands in an access file. */
export function tokenHash(token: string): string {
  return `sha256:${sha256Of(token).toString('hex')}`;
}

/** `*` stands for any run of characters, also none. In time of name times pattern at most: no regular expression. */
function matching(pattern: string): (name: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (name) => name === first;
  return (name) => {
    const end = name.length - last.length;
    if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    // Each part at its first place leaves most room for those behind it.
    for (const part of others) {
      const found = name.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

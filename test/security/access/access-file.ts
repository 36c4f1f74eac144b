// The access file of docs/security.md, with tokens that a test knows.
import { readFileSync, writeFileSync } from 'node:fs';
import { tokenHash } from '@weir/runtime';
import { ROOT } from '../../structure/packages.ts';

type Roles = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

export interface IdentityEntry {
  readonly tokens?: readonly string[];
  readonly certificates?: readonly string[];
  readonly tables?: Roles;
  readonly streams?: Roles;
  readonly groups?: Roles;
  readonly services?: Roles;
}

export type Identities = Readonly<Record<string, IdentityEntry>>;

export const tokenOf = (identity: string): string => `weir-test-token-of-${identity}-q8Zr5v`;

/** Each of them by its token; `nobody` has a token and no role. */
export function documentedIdentities(): Identities {
  const text = readFileSync(`${ROOT}/docs/security.md`, 'utf8');
  const block = /```json\n(\{\n {2}"identities"[\s\S]*?)```/.exec(text)?.[1];
  if (block === undefined) throw new Error('docs/security.md has no access file');
  const filled = block.replace(/sha256:HASH-OF-([A-Z]+)/g, (_, name: string) =>
    tokenHash(tokenOf(name.toLowerCase())),
  );
  const { identities } = JSON.parse(filled) as { identities: Identities };
  return { ...identities, nobody: { tokens: [tokenHash(tokenOf('nobody'))] } };
}

export function writeAccessFile(file: string, identities: Identities): void {
  writeFileSync(file, JSON.stringify({ identities }, undefined, 2));
}

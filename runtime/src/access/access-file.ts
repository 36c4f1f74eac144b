// The access file: who there is, by which tokens and certificates they are known, and what each may do. It holds hashes of
// tokens, never tokens, so it is no secret by itself. Messages never repeat a value that is wrong: it may be a token that
// somebody put there by mistake.
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { ACCESS_FILE_BYTES_MAX, ACCESS_IDENTITIES_MAX, ACCESS_TOKENS_MAX } from '../limits.ts';

/** Each includes those before it. */
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What roles are held on: tables by `namespace/table`, everything else by its name. */
export const RESOURCE_KINDS = ['tables', 'streams', 'groups', 'services'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

const TOKEN_HASH = /^sha256:[0-9a-f]{64}$/;
const CERTIFICATE_NAME = /^(?:DNS|URI|CN):\S/;
const IDENTITY_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const NAME_PATTERN = /^[^\p{Cc}]+$/u;
const TABLE_PATTERN = /^[A-Za-z0-9_.*-]+\/[A-Za-z0-9_.*-]+$/;

const role = z.enum(ROLES, { error: `a role is one of ${ROLES.join(', ')}` });
const roles = z.record(z.string().regex(NAME_PATTERN, 'a name, or a pattern with *, is expected'), role);

const identity = z.strictObject({
  tokens: z
    .array(
      z
        .string({ error: 'a hash is expected' })
        .regex(TOKEN_HASH, 'sha256: and 64 hexadecimal digits are expected, as `weir token` prints'),
    )
    .default([]),
  certificates: z
    .array(z.string().regex(CERTIFICATE_NAME, 'DNS:NAME, URI:NAME or CN:NAME is expected'))
    .default([]),
  tables: z
    .record(
      z.string().regex(TABLE_PATTERN, 'NAMESPACE/TABLE is expected, with * for any run of characters'),
      role,
    )
    .default({}),
  streams: roles.default({}),
  groups: roles.default({}),
  services: roles.default({}),
});

const accessFile = z.strictObject({
  identities: z.record(
    z.string().regex(IDENTITY_NAME, 'a name has 1 to 64 letters, digits, "_", "." and "-"'),
    identity,
  ),
});

export type IdentityEntry = z.infer<typeof identity>;

/** @throws WeirError CONFIGURATION that says where, and never what stands there. */
export function parseAccessFile(text: string, file: string): ReadonlyMap<string, IdentityEntry> {
  const refuse = (why: string): never => {
    throw new WeirError('CONFIGURATION', `--access ${file}: ${why}`);
  };
  if (Buffer.byteLength(text) > ACCESS_FILE_BYTES_MAX)
    refuse(`it is larger than ${ACCESS_FILE_BYTES_MAX} bytes`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message quotes what it read.
    return refuse('it is not JSON');
  }
  const parsed = accessFile.safeParse(content);
  if (!parsed.success) return refuse(explained(parsed.error));
  const identities = new Map(Object.entries(parsed.data.identities));
  if (identities.size > ACCESS_IDENTITIES_MAX) refuse(`it has more than ${ACCESS_IDENTITIES_MAX} identities`);
  requireUnshared(identities, 'tokens', 'a token', refuse);
  requireUnshared(identities, 'certificates', 'a certificate', refuse);
  const tokens = [...identities.values()].reduce((sum, entry) => sum + entry.tokens.length, 0);
  if (tokens > ACCESS_TOKENS_MAX) refuse(`it has more than ${ACCESS_TOKENS_MAX} tokens`);
  return identities;
}

/** Who calls must be clear: what two share names neither. */
function requireUnshared(
  identities: ReadonlyMap<string, IdentityEntry>,
  field: 'tokens' | 'certificates',
  what: string,
  refuse: (why: string) => never,
): void {
  const owners = new Map<string, string>();
  for (const [name, entry] of identities) {
    for (const one of entry[field]) {
      const owner = owners.get(one);
      if (owner !== undefined) refuse(`${owner} and ${name} share ${what}`);
      owners.set(one, name);
    }
  }
}

function explained(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const path = issue.code === 'invalid_key' ? issue.path.slice(0, -1) : issue.path;
  const where = path.length === 0 ? '' : `${path.map(String).join(' → ')}: `;
  return where + saying(issue);
}

function saying(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'a key there is not known';
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'a name there is not possible';
  return issue.message;
}

// What of a group outlives its shard's process: generation, members and their leases, the last completed step, who was
// fenced, and heads of the results that are kept. Contributions are not among it: members send them again.
import { type PartReduce, type PartType, WeirError } from '@weir/proto';
import { z } from 'zod';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';

const FORMAT_VERSION = 1;
const KIND = { state: 1, head: 2 } as const;

/** One process's membership; another process of the same name has another incarnation. */
export interface Identity {
  readonly name: string;
  readonly incarnation: string;
}

export interface LeasedMember extends Identity {
  readonly leaseMs: number;
}

export interface GroupState {
  readonly generation: number;
  /** 0: none. */
  readonly lastStep: number;
  /** In the order of their names. */
  readonly members: readonly LeasedMember[];
  /** Incarnations that were members and are not any more, newest last. */
  readonly fenced: readonly string[];
}

export interface ResultPartHead {
  readonly name: string;
  readonly type: PartType;
  readonly reduce: PartReduce;
  readonly bytes: number;
  readonly memberBytes: readonly number[];
}

export interface ResultHead {
  readonly step: number;
  readonly generation: number;
  readonly members: readonly Identity[];
  readonly parts: readonly ResultPartHead[];
  readonly bytes: number;
}

const identity = { name: z.string().min(1), incarnation: z.string().min(1) };
const stateSchema = z.strictObject({
  generation: z.int().min(1),
  lastStep: z.int().min(0),
  members: z.array(z.strictObject({ ...identity, leaseMs: z.int().positive() })),
  fenced: z.array(z.string()),
});
const partSchema = z.strictObject({
  name: z.string(),
  type: z.enum(['f32', 'f64', 'u64', 'bytes']),
  reduce: z.enum(['sum', 'mean', 'max', 'first', 'concat']),
  bytes: z.int().min(0),
  memberBytes: z.array(z.int().min(0)),
});
const headSchema = z.strictObject({
  step: z.int().min(1),
  generation: z.int().min(1),
  members: z.array(z.strictObject(identity)),
  parts: z.array(partSchema),
  bytes: z.int().min(0),
});
/** As stored: with a checksum of each piece of the values. */
const storedHeadSchema = headSchema.extend({ checksums: z.array(z.int().min(0)) });

export interface StoredHead extends ResultHead {
  readonly checksums: readonly number[];
}

export function encodeGroupState(state: GroupState): Uint8Array {
  return sealedJson(KIND.state, state);
}

/** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
export function decodeGroupState(bytes: Uint8Array, group: string): GroupState {
  return parsed(stateSchema, KIND.state, bytes, `the state of group ${group}`);
}

export function encodeResultHead(head: StoredHead): Uint8Array {
  return sealedJson(KIND.head, head);
}

/** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
export function decodeResultHead(bytes: Uint8Array, group: string): StoredHead {
  return parsed(storedHeadSchema, KIND.head, bytes, `a result of group ${group}`);
}

function sealedJson(kind: number, value: object): Uint8Array {
  const text = Buffer.from(JSON.stringify(value));
  const bytes = new Uint8Array(ENVELOPE_BYTES + text.length);
  bytes.set(text, ENVELOPE_BYTES);
  return seal(bytes, FORMAT_VERSION, kind);
}

function parsed<T>(schema: z.ZodType<T>, kind: number, bytes: Uint8Array, what: string): T {
  const found = unseal(bytes, FORMAT_VERSION, what);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + ENVELOPE_BYTES, bytes.length - ENVELOPE_BYTES);
  const result = found === kind ? schema.safeParse(JSON.parse(text.toString())) : undefined;
  if (result?.success === true) return result.data;
  throw new WeirError('CORRUPT', `${what} cannot be read; restore the folder from a copy`);
}

// The topology file: which shards there are. Ids are stable and decide who owns what; addresses may change freely.
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { SHARD_ID_LENGTH_MAX, SHARDS_MAX } from './limits.ts';

export interface Topology {
  readonly epoch: number;
  readonly shards: readonly { readonly id: string; readonly address: string }[];
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const ADDRESS = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+):(\d{1,5})$/;

const shardSchema = z.strictObject({
  id: z
    .string()
    .max(SHARD_ID_LENGTH_MAX)
    .regex(ID, { error: 'must be letters, digits, "_", "." or "-", the first a letter or digit' }),
  address: z.string().refine(isAddress, { error: 'must be HOST:PORT with a port of 1 to 65535' }),
});

const topologySchema = z.strictObject({
  epoch: z.int().min(1),
  shards: z.array(shardSchema).min(1).max(SHARDS_MAX),
});

/**
 * Reads `{"epoch": 1, "shards": [{"id": "shard-0", "address": "127.0.0.1:7070"}]}`.
 * @param source names the text in errors, for instance its path.
 * @throws WeirError CONFIGURATION naming the field, or quoting the place that is not JSON.
 */
export function parseTopology(text: string, source: string): Topology {
  const result = topologySchema.safeParse(parseJson(text, source));
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${fieldOf(issue.path)}: ${issue.message}`);
    throw new WeirError('CONFIGURATION', `topology ${source}: ${problems.join('; ')}`);
  }
  requireDistinct(result.data.shards, 'id', source);
  requireDistinct(result.data.shards, 'address', source);
  return result.data;
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('CONFIGURATION', `topology ${source}: not JSON: ${reason}`, { cause: error });
  }
}

function requireDistinct(shards: Topology['shards'], field: 'id' | 'address', source: string): void {
  const first = new Map<string, number>();
  for (const [index, shard] of shards.entries()) {
    const earlier = first.get(shard[field]);
    if (earlier !== undefined) {
      throw new WeirError(
        'CONFIGURATION',
        `topology ${source}: shards[${index}].${field}: "${shard[field]}" stands at shards[${earlier}] already`,
      );
    }
    first.set(shard[field], index);
  }
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}

function fieldOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'file';
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

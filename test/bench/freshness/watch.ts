// Loaded into every service before its own code (NODE_OPTIONS): notes when trainer and predictor have the rows of the
// clicked documents in hand, at the client library's surface. Services know nothing of it.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedKeys } from '@weir/proto';
import type { Keys } from '@weir/sdk';
import { categoricalKey } from '../../../model/src/feature-key.ts';

/** Environment variable with a WatchPlan as JSON. */
export const WATCH_PLAN = 'WEIR_BENCH_WATCH';
/** The feature that each clicked document has for itself. */
export const PROBE_FEATURE = 'probe';

export interface WatchPlan {
  /** Where each process writes what it saw, as lines of JSON. */
  readonly folder: string;
  /** Documents `0` to `probes - 1`. */
  readonly probes: number;
}

/** Wall clock, Unix ms. `value`: the row's gradient (`trained`, `acknowledged`) or weight (`replica`). */
export interface Sighting {
  readonly stage: 'trained' | 'acknowledged' | 'replica';
  readonly probe: number;
  readonly value: number;
  readonly atMs: number;
}

const service = process.argv[2];
const plan = process.env[WATCH_PLAN];
if (plan !== undefined && (service === 'trainer' || service === 'predictor')) {
  await watch(service, JSON.parse(plan) as WatchPlan);
}

async function watch(name: 'trainer' | 'predictor', { folder, probes }: WatchPlan): Promise<void> {
  const probeOf = new Map<bigint, number>();
  for (let probe = 0; probe < probes; probe++)
    probeOf.set(categoricalKey(PROBE_FEATURE, String(probe)), probe);
  const file = join(folder, `${name}-${process.pid}.ndjson`);
  const rows = (keys: PackedKeys, values: Float32Array): Pick<Sighting, 'probe' | 'value'>[] => {
    const found: Pick<Sighting, 'probe' | 'value'>[] = [];
    for (let i = 0; 2 * i < keys.length; i++) {
      const probe = probeOf.get((BigInt(keys[2 * i + 1]!) << 32n) | BigInt(keys[2 * i]!));
      if (probe !== undefined) found.push({ probe, value: values[i]! });
    }
    return found;
  };
  const note = (stage: Sighting['stage'], found: readonly Pick<Sighting, 'probe' | 'value'>[]): void => {
    if (found.length === 0) return;
    const atMs = Date.now();
    appendFileSync(
      file,
      found.map((row) => `${JSON.stringify({ stage, ...row, atMs } satisfies Sighting)}\n`).join(''),
    );
  };
  if (name === 'trainer') {
    const { Weir } = await import('../../../sdk/src/weir.ts');
    const { push } = Weir.prototype;
    Weir.prototype.push = async function (parts, options) {
      const found = parts.flatMap(({ keys, gradients }) => rows(packed(keys), gradients));
      note('trained', found);
      const result = await push.call(this, parts, options);
      note('acknowledged', found);
      return result;
    };
  } else {
    const { Table } = await import('../../../sdk/src/table.ts');
    const { subscribe } = Table.prototype;
    Table.prototype.subscribe = async function* (options) {
      for await (const delta of subscribe.call(this, options)) {
        note('replica', rows(delta.packedKeys, delta.weights));
        yield delta;
      }
    };
  }
}

/** The trainer pushes packed keys of tables of one column. */
function packed(keys: Keys): PackedKeys {
  if (keys instanceof Uint32Array) return keys;
  throw new Error('the trainer was expected to push packed keys');
}

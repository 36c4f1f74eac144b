// A member as a process of its own, for tests that stop and kill it: `group-member.ts SEEDS NAME LEASE_MS`. It meets the
// others at one step after the other, and prints a line of JSON for whatever happens to it.
import { createHash } from 'node:crypto';
import { bytesOf } from '@weir/proto';
import { connect, type GroupResult, WeirError } from '../index.ts';

export type MemberLine =
  | { readonly kind: 'joined'; readonly generation: number; readonly nextStep: number }
  | {
      readonly kind: 'result';
      readonly step: number;
      readonly generation: number;
      readonly members: readonly string[];
      /** Of all bytes of the result. */
      readonly digest: string;
      /** The steps that the members said that they contribute to. */
      readonly steps: readonly number[];
    }
  | { readonly kind: 'error'; readonly code: string; readonly step: number };

const [seeds = '', member = '', leaseMs = ''] = process.argv.slice(2);
const tell = (line: MemberLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const weir = await connect({ seeds: seeds.split(','), clientId: member });
const group = await weir.group('workers', { member, leaseMs: Number(leaseMs) });
tell({ kind: 'joined', generation: group.generation, nextStep: group.nextStep });
for (;;) {
  const step = group.nextStep;
  try {
    tell(lineOf(await group.sync(step, contribution(step), { timeoutMs: 5_000 })));
  } catch (thrown) {
    const { code } = WeirError.from(thrown);
    tell({ kind: 'error', code, step });
    if (code !== 'GROUP_CHANGED' && code !== 'BARRIER_TIMEOUT' && code !== 'DEADLINE_EXCEEDED') break;
  }
}
await weir.close();

function contribution(step: number) {
  return [
    { name: 'step', type: 'u64', reduce: 'concat', value: BigUint64Array.of(BigInt(step)) },
    { name: 'noise', type: 'f64', reduce: 'mean', value: Float64Array.from({ length: 500 }, Math.random) },
  ] as const;
}

function lineOf({ step, generation, members, parts }: GroupResult): MemberLine {
  const hash = createHash('sha256');
  for (const { value } of parts) hash.update(bytesOf(value));
  const steps = [...(parts[0]!.value as BigUint64Array)].map(Number);
  return { kind: 'result', step, generation, members, digest: hash.digest('hex'), steps };
}

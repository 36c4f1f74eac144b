// Fills a shard: `node ps-fill.ts OPTIONS` with FillOptions as JSON. Pushes through the public SDK; ends when all is
// acknowledged.
import { connect } from '@weir/sdk';
import { BATCH_ROWS, DIM, gradientBatch, randomKeys, rowKeys } from './ps-workload.ts';

export interface FillOptions {
  readonly seed: string;
  /** Rows of the table. */
  readonly rows: number;
  /** Each row once, or so many rows at random. */
  readonly pushRows: 'each' | number;
  /** 0: all. */
  readonly memoryRowsMax?: number;
}

const IN_FLIGHT = 16;
/** On a busy machine a fill takes long; nothing of it is measured. */
const TIMEOUT_MS = 600_000;

const options = JSON.parse(process.argv[2]!) as FillOptions;
const { rows, pushRows } = options;
await using weir = await connect({ seeds: [options.seed], clientId: 'fill', timeoutMs: TIMEOUT_MS });
await weir.tables.create({
  name: 'bench',
  dim: DIM,
  optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 },
  initializer: { kind: 'zero' },
  memoryRowsMax: options.memoryRowsMax ?? 0,
});
const table = await weir.table('bench');
const random = randomKeys(rows);
const total = pushRows === 'each' ? rows : pushRows;
const gradients = gradientBatch(5, BATCH_ROWS);
let next = 0;
await Promise.all(
  Array.from({ length: IN_FLIGHT }, async () => {
    while (next < total) {
      const first = next;
      const count = Math.min(BATCH_ROWS, total - first);
      next += count;
      const keys = pushRows === 'each' ? rowKeys(first, count) : random(count);
      await table.push(keys, gradients.subarray(0, count * DIM));
    }
  }),
);

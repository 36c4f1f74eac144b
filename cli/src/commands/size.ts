// `weir size`: what a table needs, before there is a cluster.
import { OptimizerKind } from '@weir/proto/v1/tables';
import { type Command, Option } from 'commander';
import { number } from '../cluster-verb.ts';
import { columns, print } from '../output.ts';
import { OPTIMIZERS } from '../table-definition.ts';

interface SizeFlags {
  readonly rows: number;
  readonly dim: number;
  readonly optimizer: Lowercase<keyof typeof OptimizerKind>;
  readonly memoryRowsMax?: number;
  readonly shards?: number;
  readonly memory: number;
  readonly logReplayMax?: number;
  readonly json?: boolean;
}

const GIB = 2 ** 30;

export function registerSize(program: Command): void {
  program
    .command('size')
    .summary('say what a table needs')
    .description(
      'Shards, and memory and disk of each, that a table of so many rows needs. An estimate from the layout.',
    )
    .requiredOption('--rows <N>', 'rows of the table, over all shards', number)
    .requiredOption('--dim <D>', 'weights per row', number)
    .addOption(
      new Option('--optimizer <KIND>', 'how the shards apply pushes')
        .choices(OPTIMIZERS)
        .makeOptionMandatory(),
    )
    .option('--memory-rows-max <N>', 'rows that each shard keeps in memory, the others on disk', number)
    .option('--shards <N>', 'number of shards; default: as few as --memory allows', number)
    .option('--memory <BYTES>', 'memory of each shard', number, 16 * GIB)
    .option('--log-replay-max <BYTES>', "the shards' setting of that name", number)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  weir size --rows 100000000 --dim 16 --optimizer adagrad')
    .action(async (flags: SizeFlags, command: Command) => {
      const { LOG_REPLAY_MAX_DEFAULT, sizeOf } = await import('@weir/ps');
      const { rows, dim, memoryRowsMax, shards, memory, json = false } = flags;
      const { logReplayMax = LOG_REPLAY_MAX_DEFAULT } = flags;
      if (!(rows >= 1 && dim >= 1 && dim <= 4096 && (shards ?? 1) >= 1)) {
        command.error('error: --rows and --shards are at least 1, --dim is 1 to 4096');
      }
      const optimizer = OptimizerKind[flags.optimizer.toUpperCase() as keyof typeof OptimizerKind];
      const question = { rows, dim, optimizer, memoryRowsMax, shards };
      const size = sizeOf({ ...question, memoryBytesPerShard: memory, logReplayMax });
      if (!size.fits) process.exitCode = 1;
      const lines = [
        ['bytes of a row', size.rowBytes],
        ['table, per shard', size.tableBytes],
        ['memory at rest, per shard', size.restBytes],
        ['memory under pushes, per shard', size.peakBytes],
        ['disk, per shard', size.diskBytes],
      ] as const;
      const needs = size.fits
        ? `${size.shards} shards`
        : `${size.shards} shards of ${memory} bytes do not hold it`;
      const text = `${needs}\n\n${columns(['', 'bytes'], lines)}`;
      const { fits, rowBytes, tableBytes, restBytes, peakBytes, diskBytes } = size;
      const figures = { row_bytes: rowBytes, table_bytes: tableBytes, rest_bytes: restBytes };
      const all = { fits, shards: size.shards, ...figures, peak_bytes: peakBytes, disk_bytes: diskBytes };
      print({ json: all, text }, json);
    });
}

// `weir table create|list|describe|alter|drop`.
import type { TableDescription, TableSpec } from '@weir/sdk';
import { type Command, Option } from 'commander';
import { type ClusterOptions, clusterVerb, number, onCluster } from '../cluster-verb.ts';
import { columns } from '../output.ts';
import { f32 } from '../row-text.ts';
import { ADMISSIONS } from '../table-bounds.ts';
import {
  INITIALIZERS,
  OPTIMIZERS,
  type TableFlags,
  tableChanges,
  tableDefinition,
} from '../table-definition.ts';

export function registerTable(program: Command): void {
  const table = program.command('table').summary('create, list, describe, alter, drop tables');
  table.description(
    'Tables of a cluster. Names are NAMESPACE/NAME; the namespace "default" may be left out.',
  );
  table.addHelpText(
    'after',
    '\nExamples:\n  weir table list --seeds 127.0.0.1:7070\n  weir table create --help',
  );
  registerCreate(table);
  clusterVerb(table.command('list'))
    .summary('list all tables')
    .description('Every table with its rows and memory over all shards.')
    .addHelpText('after', '\nExample:\n  weir table list --seeds 127.0.0.1:7070')
    .action((options: ClusterOptions) =>
      onCluster(options, async (weir) => {
        const tables = await weir.tables.list();
        const rows = tables.map((t) => [t.spec.name, t.spec.dim, t.spec.optimizer.kind, t.rows, t.bytes]);
        return {
          json: { tables: tables.map(describeJson) },
          text: columns(['table', 'dim', 'optimizer', 'rows', 'bytes'], rows),
        };
      }),
    );
  clusterVerb(table.command('describe'))
    .summary('describe one table')
    .description("A table's definition, and its rows and memory on each shard.")
    .argument('<table>', 'its name')
    .addHelpText('after', '\nExample:\n  weir table describe doc --seeds 127.0.0.1:7070 --json')
    .action((name: string, options: ClusterOptions) =>
      onCluster(options, async (weir) => {
        const described = await weir.tables.describe(name);
        const shards = described.shards.map(({ shard, rows, bytes }) => [shard, rows, bytes]);
        return {
          json: describeJson(described),
          text: `${specText(described.spec)}\n\n${columns(['shard', 'rows', 'bytes'], shards)}`,
        };
      }),
    );
  registerAlter(table);
  clusterVerb(table.command('drop'))
    .summary('drop one table')
    .description('Drops a table and its rows on every shard. There is no way back.')
    .argument('<table>', 'its name')
    .addHelpText('after', '\nExample:\n  weir table drop shop/doc --seeds 127.0.0.1:7070')
    .action((name: string, options: ClusterOptions) =>
      onCluster(options, async (weir) => {
        const { shards } = await weir.tables.drop(name);
        return { json: { dropped: name, shards }, text: `dropped ${name} on ${shards.length} shards` };
      }),
    );
}

/** Numbers of the optimizer and bounds, which `create` sets and `alter` changes. */
function numberFlags(verb: Command): Command {
  return verb
    .option('--learning-rate <X>', 'of sgd, momentum, adagrad, adam, ftrl (its alpha)', number)
    .option('--initial-accumulator <X>', 'of adagrad', number)
    .option('--momentum <X>', 'of momentum', number)
    .option('--beta1 <X>', 'of adam', number)
    .option('--beta2 <X>', 'of adam', number)
    .option('--epsilon <X>', 'of adam', number)
    .option('--beta <X>', 'of ftrl', number)
    .option('--l1 <X>', 'of ftrl', number)
    .option('--l2 <X>', 'of ftrl', number)
    .option('--gradient-clip <X>', 'largest size of a component of a gradient; 0: any', number)
    .option('--update-norm-max <X>', "largest L2 norm of a row's update; 0: any", number)
    .option('--admission <KIND>', `which new keys get a row: ${ADMISSIONS}`)
    .option('--ttl-ms <N>', 'a row expires when it was not updated for so long; 0: never', number)
    .option('--rows-max <N>', 'rows on each shard; beyond it the least recently updated go; 0: any', number)
    .option('--memory-rows-max <N>', 'rows that each shard keeps in memory, others on disk; 0: all', number);
}

function registerAlter(table: Command): void {
  numberFlags(clusterVerb(table.command('alter')).argument('<table>', 'its name'))
    .summary('change a table')
    .description(
      'Changes the definition of a table on every shard; what is not given stays. Later pushes are applied by it.',
    )
    .addHelpText('after', '\nExample:\n  weir table alter doc --learning-rate 0.01 --seeds 127.0.0.1:7070')
    .action(async (name: string, options: ClusterOptions & Omit<TableFlags, 'dim'>, command: Command) => {
      const changes = checked(command, () => tableChanges(options));
      await onCluster(options, async (weir) => {
        const { spec, shards } = await weir.tables.alter(name, changes);
        const altered = shards.filter(({ changed }) => changed).length;
        return {
          json: { ...spec, altered: altered > 0, shards },
          text: altered > 0 ? `altered ${spec.name} on ${altered} shards` : `${spec.name} is so already`,
        };
      });
    });
}

/** What flags say; wrong usage ends the process. */
function checked<T>(command: Command, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`);
  }
}

function registerCreate(table: Command): void {
  const optimizer = new Option('--optimizer <KIND>', 'how the shards apply pushes');
  const create = clusterVerb(table.command('create'))
    .summary('create a table')
    .description('Creates a table on every shard. An equal one that exists is left as it is.')
    .argument('<table>', 'its name')
    .requiredOption('--dim <N>', 'weights per row', number)
    .addOption(optimizer.choices(OPTIMIZERS).makeOptionMandatory())
    .option('--initializer <KIND>', `weights of new keys: ${INITIALIZERS}`, 'zero');
  numberFlags(create)
    .addHelpText(
      'after',
      '\nExample:\n  weir table create doc --dim 16 --optimizer adagrad --learning-rate 0.05 --seeds 127.0.0.1:7070',
    )
    .action(async (name: string, options: ClusterOptions & TableFlags, command: Command) => {
      const definition = checked(command, () => tableDefinition(name, options));
      await onCluster(options, async (weir) => {
        const { spec, shards } = await weir.tables.create(definition);
        const created = shards.filter(({ changed }) => changed).length;
        return {
          json: { ...spec, created: created > 0, shards },
          text: created > 0 ? `created ${spec.name} on ${created} shards` : `${spec.name} exists`,
        };
      });
    });
}

function describeJson({ spec, rows, bytes, shards }: TableDescription): object {
  return { ...spec, rows, bytes, shards };
}

function specText(spec: TableSpec): string {
  const { name, uid, dim, optimizer, initializer, gradientClip, updateNormMax } = spec;
  const { admission, ttlMs, rowsMax, memoryRowsMax } = spec;
  const fields: [string, unknown][] = [
    ['table', name],
    ['uid', uid],
    ['dim', dim],
    ['optimizer', kindText(optimizer)],
    ['initializer', kindText(initializer)],
    ['gradient clip', gradientClip],
    ['update norm max', updateNormMax],
    ['admission', admission && kindText(admission)],
    ['ttl ms', ttlMs],
    ['rows max', rowsMax],
    ['memory rows max', memoryRowsMax],
  ];
  return fields
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field.padEnd(16)}${String(value)}`)
    .join('\n');
}

function kindText({ kind, ...numbers }: { readonly kind: string }): string {
  const rest = Object.entries(numbers as Record<string, number>).map(
    ([name, value]) => `${name} ${f32(value)}`,
  );
  return [kind, ...rest].join(', ');
}

// `weir pull` and `weir push`: rows of one table, for people and scripts. Programs use @weir/sdk.
import { KEY_BYTES, WeirError } from '@weir/proto';
import type { Ack, Table, Weir } from '@weir/sdk';
import { type Command, InvalidArgumentError } from 'commander';
import { type ClusterOptions, clusterVerb, onCluster } from '../cluster-verb.ts';
import { LINE_BYTES_MAX, PUSH_BATCH_BYTES } from '../limits.ts';
import { lines } from '../lines.ts';
import { f32, parseKey, parseRow, parseRowLine, type Row } from '../row-text.ts';

export function registerRows(program: Command): void {
  clusterVerb(program.command('pull'))
    .summary('read rows')
    .description("Rows of a table. A key that was never pushed has the value of the table's initializer.")
    .argument('<table>', "the table's name")
    .argument('<key...>', 'keys, decimal or 0x hexadecimal', collect(keyArgument))
    .addHelpText('after', '\nExample:\n  weir pull doc 7 0x2a --seeds 127.0.0.1:7070 --json')
    .action((name: string, keys: bigint[], options: ClusterOptions) =>
      onCluster(options, (weir) => pull(weir, name, keys)),
    );
  clusterVerb(program.command('push'))
    .summary('update rows')
    .description(
      "Updates rows through the table's optimizer: gradients, or values under assign and sum. Rows are arguments, " +
        'or lines {"key":"7","values":[0.1]} on stdin. Lines go in batches, in order; each batch is one push.',
    )
    .argument('<table>', "the table's name")
    .argument('[row...]', 'KEY:VALUE,VALUE,...', collect(rowArgument))
    .addHelpText(
      'after',
      '\nExamples:\n  weir push doc 7:0.1,-0.2 42:0,1 --seeds 127.0.0.1:7070\n  weir push doc --seeds 127.0.0.1:7070 < rows.ndjson',
    )
    .action((name: string, rows: Row[] | undefined, options: ClusterOptions) =>
      onCluster(options, (weir) => push(weir, name, rows ?? [])),
    );
}

async function pull(weir: Weir, name: string, keys: readonly bigint[]) {
  const table = await weir.table(name);
  const weights = await table.pull(BigUint64Array.from(keys));
  const rows = keys.map((key, index) => ({
    key: String(key),
    weights: Array.from(weights.subarray(index * table.dim, (index + 1) * table.dim), f32),
  }));
  return {
    json: { table: table.name, dim: table.dim, rows },
    text: rows.map((row) => `${row.key}\t${row.weights.join(' ')}`).join('\n'),
  };
}

async function push(weir: Weir, name: string, given: readonly Row[]) {
  const table = await weir.table(name);
  const pusher = new Pusher(table);
  if (given.length > 0) {
    for (const row of given) await pusher.add(row);
  } else {
    for await (const line of lines(process.stdin, LINE_BYTES_MAX)) {
      await pusher.add(await pusher.parsed(`line ${line.number}`, () => parseRowLine(line.text)));
    }
  }
  await pusher.flush();
  const acks = [...pusher.acks].map(([shard, seq]) => ({ shard, seq }));
  const text = [`pushed ${pusher.applied} rows`, ...acks.map(({ shard, seq }) => `${shard} seq ${seq}`)].join(
    '\n',
  );
  return { json: { table: table.name, rows: pusher.applied, acks }, text };
}

/** Gathers rows into pushes of bounded size. Any failure says how many rows were applied before. */
class Pusher {
  /** Rows acknowledged. */
  applied = 0;
  /** Last position per shard. */
  readonly acks = new Map<string, number>();
  readonly #table: Table;
  readonly #rowsMax: number;
  #rows: Row[] = [];

  constructor(table: Table) {
    this.#table = table;
    this.#rowsMax = Math.max(1, Math.floor(PUSH_BATCH_BYTES / (KEY_BYTES + 4 * table.dim)));
  }

  async add(row: Row): Promise<void> {
    const { name, dim } = this.#table;
    if (row.values.length !== dim) {
      const what = `table ${name} has dim ${dim}, the row of key ${row.key} has ${row.values.length} values`;
      throw this.#failure(new WeirError('DIMENSION_MISMATCH', what, { table: name }));
    }
    this.#rows.push(row);
    if (this.#rows.length === this.#rowsMax) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const keys = BigUint64Array.from(this.#rows, ({ key }) => key);
    const values = Float32Array.from(this.#rows.flatMap((row) => row.values));
    try {
      const { acks } = await this.#table.push(keys, values);
      for (const { shard, seq } of acks satisfies readonly Ack[]) this.acks.set(shard, seq);
    } catch (error) {
      throw this.#failure(WeirError.from(error));
    }
    this.applied += this.#rows.length;
    this.#rows = [];
  }

  /** What `parse` makes of a line; a line that it cannot read ends the verb, and says where. */
  async parsed(where: string, parse: () => Row): Promise<Row> {
    try {
      return parse();
    } catch (cause) {
      const what = `${where}: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw this.#failure(new WeirError('INVALID_ARGUMENT', what, { cause }));
    }
  }

  #failure(error: WeirError): WeirError {
    const before = this.applied === 0 ? 'nothing was applied' : `the first ${this.applied} rows were applied`;
    return new WeirError(error.code, `${error.message}; ${before}`, {
      table: this.#table.name,
      cause: error,
    });
  }
}

function keyArgument(text: string): bigint {
  const key = parseKey(text);
  if (key === undefined) throw new InvalidArgumentError('It is not an unsigned integer of 64 bits.');
  return key;
}

function rowArgument(text: string): Row {
  try {
    return parseRow(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** For an argument that may stand several times. */
function collect<T>(parse: (text: string) => T): (text: string, earlier: T[] | undefined) => T[] {
  return (text, earlier = []) => [...earlier, parse(text)];
}

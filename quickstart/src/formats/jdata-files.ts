// The files of the JData set as OpenMLDB's demo has them: their names, columns, and rows in order of time.
import { join } from 'node:path';
import { numberField, textField } from './csv.ts';
import { readCsvRows } from './csv-rows.ts';
import { externalSort } from './external-sort.ts';
import { BadLine, type OnBadLine } from './record.ts';

export interface Timed {
  readonly timeMs: number;
}

export interface JdataRequest extends Timed {
  readonly id: string;
  readonly pair: string;
  readonly user: string;
  readonly sku: string;
}

export interface JdataAction extends Timed {
  readonly eventId: string;
  readonly pair: string;
  readonly user: string;
  readonly sku: string;
  readonly type: string;
  readonly category: string;
  readonly brand: string;
}

/** What had been said about a product by then; made once a week. */
export interface JdataComments extends Timed {
  readonly sku: string;
  /** 0: none, 1: one, 2: 2 to 10, 3: 11 to 50, 4: more. */
  readonly count: string;
  readonly hasBad: string;
  /** Share of bad ones, 0 to 1. */
  readonly badRate: number;
}

export interface JdataUser {
  readonly age: string;
  readonly sex: string;
  readonly level: string;
  readonly registeredMs: number | undefined;
}

export interface JdataProduct {
  readonly a1: string;
  readonly a2: string;
  readonly a3: string;
  readonly category: string;
  readonly brand: string;
}

/** The contest's codes of actions. */
const ACTIONS: Readonly<Record<string, string>> = {
  1: 'browse',
  2: 'cart',
  3: 'remove',
  4: 'purchase',
  5: 'follow',
  6: 'click',
};
/** Requests of the training split; the other split begins when the log of actions has ended. */
const SPLIT = '1';

export class JdataFiles {
  readonly #folder: string;
  readonly #onBadLine: OnBadLine;

  constructor(folder: string, onBadLine: OnBadLine) {
    this.#folder = folder;
    this.#onBadLine = onBadLine;
  }

  async *requests(): AsyncGenerator<JdataRequest> {
    const columns = ['reqId', 'pair_id', 'user_id', 'sku_id', 'time', 'split_id'] as const;
    const rows = this.#sorted('flattenRequest_clean', columns, (fields) => ({
      id: textField(fields.reqId, 'reqId'),
      pair: textField(fields.pair_id, 'pair_id'),
      user: textField(fields.user_id, 'user_id'),
      sku: textField(fields.sku_id, 'sku_id'),
      timeMs: numberField(fields.time, 'time'),
      split: fields.split_id,
    }));
    for await (const { row } of rows) {
      const { split, ...request } = row;
      if (split === SPLIT) yield request;
    }
  }

  async *actions(): AsyncGenerator<JdataAction> {
    const columns = ['pair_id', 'time', 'type', 'cate', 'br'] as const;
    const rows = this.#sorted('bo_action', columns, (fields) => {
      const pair = textField(fields.pair_id, 'pair_id');
      const [user = '', sku = ''] = pair.split('_');
      const type = ACTIONS[fields.type];
      if (type === undefined) throw new BadLine(`type is ${JSON.stringify(fields.type)}, not 1 to 6`);
      const timeMs = numberField(fields.time, 'time');
      return { pair, user, sku, type, timeMs, category: fields.cate, brand: fields.br };
    });
    for await (const { line, row } of rows) yield { ...row, eventId: `action-${line}` };
  }

  async *comments(): AsyncGenerator<JdataComments> {
    const columns = ['dt', 'sku_id', 'comment_num', 'has_bad_comment', 'bad_comment_rate'] as const;
    const rows = this.#sorted('bo_comment', columns, (fields) => ({
      timeMs: numberField(fields.dt, 'dt'),
      sku: textField(fields.sku_id, 'sku_id'),
      count: fields.comment_num,
      hasBad: fields.has_bad_comment,
      badRate: numberField(fields.bad_comment_rate, 'bad_comment_rate'),
    }));
    for await (const { row } of rows) yield row;
  }

  /** By id, held whole: as many as the file has. */
  users(): Promise<Map<string, JdataUser>> {
    return this.#byId('bo_user', 'user_id', ['age', 'sex', 'user_lv_cd', 'user_reg_tm'], (fields) => ({
      age: fields.age,
      sex: fields.sex,
      level: fields.user_lv_cd,
      registeredMs: fields.user_reg_tm === '' ? undefined : numberField(fields.user_reg_tm, 'user_reg_tm'),
    }));
  }

  products(): Promise<Map<string, JdataProduct>> {
    return this.#byId('bo_product', 'sku_id', ['a1', 'a2', 'a3', 'cate', 'br'], (fields) => ({
      a1: fields.a1,
      a2: fields.a2,
      a3: fields.a3,
      category: fields.cate,
      brand: fields.br,
    }));
  }

  async #byId<Name extends string, Row>(
    file: string,
    id: string,
    columns: readonly Name[],
    parse: (fields: Readonly<Record<Name, string>>) => Row,
  ): Promise<Map<string, Row>> {
    const all = new Map<string, Row>();
    const rows = this.#rows(file, [id, ...columns], (fields) => ({
      id: textField(fields[id]!, id),
      row: parse(fields as Readonly<Record<Name, string>>),
    }));
    for await (const { row } of rows) all.set(row.id, row.row);
    return all;
  }

  /** By time, then by line. */
  #sorted<Name extends string, Row extends Timed>(
    file: string,
    columns: readonly Name[],
    parse: (fields: Readonly<Record<Name, string>>) => Row,
  ) {
    return externalSort(this.#rows(file, columns, parse), {
      compare: (a, b) => a.timeMs - b.timeMs,
      encode: (row) => JSON.stringify(row),
      decode: (text) => JSON.parse(text) as Row,
    });
  }

  #rows<Name extends string, Row>(
    file: string,
    columns: readonly Name[],
    parse: (fields: Readonly<Record<Name, string>>) => Row,
  ) {
    const name = `${file}.csv.gz`;
    // Lines are numbered file by file.
    const onBadLine: OnBadLine = (line, reason) => this.#onBadLine(line, `${name}: ${reason}`);
    return readCsvRows(join(this.#folder, name), columns, parse, onBadLine);
  }
}

// A folder of the form of the JData set, made up: only what a test names, the other columns as the set has them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface JdataRows {
  /** [user, product, time in ms, split] */
  readonly requests: readonly (readonly [string, string, number, number?])[];
  /** [user, product, time in ms, type 1 to 6] */
  readonly actions: readonly (readonly [string, string, number, number | string])[];
  /** [product, time in ms, number's class, 0 or 1, share of bad ones] */
  readonly comments?: readonly (readonly [string, number, number, number, number])[];
  /** [user, age, sex, level, registered at in ms] */
  readonly users?: readonly (readonly [string, string, number, number, number])[];
  /** [product, a1, a2, a3, category, brand] */
  readonly products?: readonly (readonly [string, ...number[]])[];
}

/** A request's id is that of `jdataId`. */
export async function writeJdata(folder: string, rows: JdataRows): Promise<void> {
  const file = (name: string, header: string, lines: readonly string[]) =>
    writeFile(join(folder, `${name}.csv.gz`), gzipSync([header, ...lines].join('\n')));
  await Promise.all([
    file(
      'flattenRequest_clean',
      'reqId,eventTime,main_id,pair_id,user_id,sku_id,time,split_id,time1',
      rows.requests.map(
        ([user, sku, time, split = 1]) =>
          `${jdataId(user, sku, time)},,1,${user}_${sku},${user},${sku},${time},${split},`,
      ),
    ),
    file(
      'bo_action',
      'ingestionTime,pair_id,time,model_id,type,cate,br',
      rows.actions.map(([user, sku, time, type]) => `,${user}_${sku},${time},"",${type},8,30`),
    ),
    file(
      'bo_comment',
      'ingestionTime,dt,sku_id,comment_num,has_bad_comment,bad_comment_rate',
      (rows.comments ?? []).map(([sku, time, count, bad, rate]) => `,${time},${sku},${count},${bad},${rate}`),
    ),
    file(
      'bo_user',
      'ingestionTime,user_id,age,sex,user_lv_cd,user_reg_tm',
      (rows.users ?? []).map((user) => `,${user.join(',')}`),
    ),
    file(
      'bo_product',
      'ingestionTime,sku_id,a1,a2,a3,cate,br',
      (rows.products ?? []).map((product) => `,${product.join(',')}`),
    ),
  ]);
}

export const jdataId = (user: string, sku: string, timeMs: number) => `${user}_${sku}_${timeMs}`;

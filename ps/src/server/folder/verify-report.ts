// What the offline check of a shard's folder finds.
export interface Problem {
  /** The part of the folder: `log record 17`, `table shop/doc, stripe 3, page 12`, `family log`. */
  readonly where: string;
  readonly what: string;
}

export interface VerifyReport {
  readonly shard: string | undefined;
  readonly epoch: number | undefined;
  readonly lowMark: number;
  readonly nextSeq: number;
  readonly records: number;
  readonly logBytes: number;
  readonly tables: readonly { readonly name: string; readonly pages: number; readonly pageBytes: number }[];
  /** The first VERIFY_PROBLEMS_MAX. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
}

// What all records of the push log have in common in their stored form: envelope (sealed.ts), what the kind needs, and
// at the end the position, since it is known last.

export const LOG_FORMAT_VERSION = 3;
export const KIND = {
  push: 1,
  create: 2,
  drop: 3,
  refusal: 4,
  alter: 5,
  remove: 6,
  forget: 7,
  sourcePush: 8,
  repeat: 9,
  acquire: 10,
  reset: 11,
} as const;
/** Of a record of removal. */
export const REASON = { expired: 1, evicted: 2 } as const;
/** Bytes of a record but for arrays and texts. */
export const FIXED_BYTES_MAX = 64;
/** Of the position. */
export const SEQ_BYTES = 8;

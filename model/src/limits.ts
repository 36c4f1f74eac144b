// Bounds of what one request's features may hold.

/** Hashed entries of one request, crosses included. */
export const ENTRIES_MAX = 1 << 20;
/** Features that one cross may combine. */
export const CROSS_PARTS_MAX = 4;
/** Labels of one model: heads of one row. */
export const LABELS_MAX = 64;

// Bounds of what one request's features may hold.

/** Hashed entries of one request, crosses included. */
export const ENTRIES_MAX = 1 << 20;
/** Features that one cross may combine. */
export const CROSS_PARTS_MAX = 4;
/** Labels of one model: heads of one row. */
export const LABELS_MAX = 64;
/** Weights of a model's dense part: they and their optimizer state go in f64 through a barrier that takes 64 MiB a member. */
export const DENSE_WEIGHTS_MAX = 1 << 21;
/** Numbers of a static embedding: they are logged with every document. */
export const STATIC_WIDTH_MAX = 1024;

// Bounds of a cluster on this machine.

/** Unexpected ends of one service that are mended; at one more the cluster has failed. */
export const RESTARTS_MAX = 20;
/** Pause before a service that ended is started again. */
export const RESTART_PAUSE_MS = 100;
/** Shards of the parameter server. */
export const SHARDS = 3;
/** Partitions of every stream; more where there are more trainers or stitchers. */
export const PARTITIONS_MIN = 2;
/** Trainers, and stitchers, of one replay: each is a process. */
export const MEMBERS_MAX = 16;

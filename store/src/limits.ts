// Bounds of the store on disk.

/** Bytes that may wait in one memory table; a busy family holds two of them. */
export const WRITE_BUFFER_BYTES = 32 * 1024 * 1024;
/** The same for a queue: more than its users keep in it between two removals. */
export const QUEUE_BUFFER_BYTES = 512 * 1024 * 1024;
/**
 * Bytes in the write-ahead log before every family is flushed. Without it one rarely written family keeps old
 * logs alive for long, and with them disk space and the time that opening takes.
 */
export const WAL_BYTES_MAX = 256 * 1024 * 1024;
/** The same where there are queues, whose memory tables should not be emptied for it. */
export const QUEUE_WAL_BYTES_MAX = 2 * QUEUE_BUFFER_BYTES;
/** Bytes of waiting writes that one write of the engine takes together. */
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Entries that an iteration reads ahead. */
export const ITERATOR_ENTRIES = 64;
/** Threads per process for flushes and compactions: several processes share a machine. */
export const BACKGROUND_JOBS = 2;

if (GROUP_BYTES_MAX > WRITE_BUFFER_BYTES || WRITE_BUFFER_BYTES > WAL_BYTES_MAX) {
  throw new Error('a group of writes must fit a memory table, a memory table the log');
}

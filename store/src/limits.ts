// Bounds of the store on disk.

/** Bytes that may wait in one memory table; a busy family holds two of them. */
export const WRITE_BUFFER_BYTES = 32 * 1024 * 1024;
/** The same for a queue: more than its users keep in it between two removals. */
export const QUEUE_BUFFER_BYTES = 512 * 1024 * 1024;
/** The same for an archive. */
export const ARCHIVE_BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * What an archive's table files have in memory: the key of every block of so many bytes, and so many bits of every key, with
 * which a look-up of an absent one reads a block in vain once in 18 times.
 */
export const ARCHIVE_BLOCK_BYTES = 16 * 1024;
export const ARCHIVE_FILTER_BITS = 6;
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
/** A blob file is begun when the one before has so many bytes: what is dead in a file goes with the whole of it. */
export const BLOB_FILE_BYTES = 64 * 1024 * 1024;
/** Bytes of values that one call of the system writes to a blob file, and that are read from blob files at a time. */
export const BLOB_WRITE_BYTES = 128 * 1024;
export const BLOB_READ_BYTES = 1024 * 1024;
/** Threads per process for flushes and compactions: several processes share a machine. */
export const BACKGROUND_JOBS = 2;

if (
  GROUP_BYTES_MAX > ARCHIVE_BUFFER_BYTES ||
  ARCHIVE_BUFFER_BYTES > WRITE_BUFFER_BYTES ||
  WRITE_BUFFER_BYTES > WAL_BYTES_MAX
) {
  throw new Error('a group of writes must fit a memory table, a memory table the log');
}

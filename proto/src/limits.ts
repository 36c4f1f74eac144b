// Limits that both sides of the protocol must agree on. Relations between them are asserted at load.

export const SLOT_COUNT = 1024;
export const DIM_MAX = 4096;
/** Bytes of one push's part for one shard. */
export const PUSH_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Pushes on one stream that are not settled. A shard remembers as many refusals of a client, so that a push sent
 * again after a lost answer gets the answer that it got.
 */
export const PUSHES_IN_FLIGHT_MAX = 256;
/** What a frame of a push or a pull's answer should not exceed. */
export const FRAME_BYTES = 256 * 1024;
/** gRPC's hard limit for one message, either way. */
export const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
export const PULL_BYTES_MAX = 16 * 1024 * 1024;
/** Table name: `namespace/name`, each of `[A-Za-z0-9_.-]`. */
export const TABLE_NAME_LENGTH_MAX = 200;
export const CLIENT_ID_LENGTH_MAX = 200;
/**
 * What messages of a contribution or a result carry: a frame, but less than malloc takes fresh memory of the system for, which
 * would cost a page fault for each 4 KiB that come.
 */
export const GROUP_FRAME_BYTES = FRAME_BYTES - 16 * 1024;
/** Name of a group, and of a member: 1 to so many UTF-8 bytes. */
export const GROUP_NAME_BYTES_MAX = 200;
export const GROUP_MEMBERS_MAX = 256;
/** Parts of one contribution. */
export const GROUP_PARTS_MAX = 64;
/** Bytes that a member contributes to one step, and of the step's result. */
export const GROUP_PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
/** Ranges of source partitions in one push; also partitions of one acquire. */
export const SOURCE_RANGES_MAX = 1_024;
/** Clocks of members, and what members hear of the others' clocks, go out no more often. */
export const CLOCK_INTERVAL_MS = 5;
export const LEASE_MS_MIN = 200;
export const LEASE_MS_MAX = 3_600_000;
/** Bytes of one stream record. */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024;
export const DOCUMENTS_MAX = 4096;
/** Columns of one side of a feature block, and distinct feature names of one schema. */
export const FEATURES_MAX = 1024;
/** Links of one span: of a batch's inputs the first ones. */
export const SPAN_LINKS_MAX = 32;
/** Keys of a traced change that a delta names; of more the first ones. */
export const TRACED_KEYS_MAX = 4_096;

if (PUSH_BYTES_MAX >= MESSAGE_BYTES_MAX || PULL_BYTES_MAX >= MESSAGE_BYTES_MAX) {
  throw new Error('a push and a pull must fit a message');
}
if (FRAME_BYTES > PUSH_BYTES_MAX || RECORD_BYTES_MAX >= MESSAGE_BYTES_MAX) {
  throw new Error('a frame must fit a push, a record a message');
}
if (DIM_MAX * 4 > FRAME_BYTES) throw new Error('a row must fit a frame');

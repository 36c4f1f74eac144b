// Bounds of what every process holds or waits for. Relations between them are asserted at load.
import { MESSAGE_BYTES_MAX } from '@weir/proto';

/** Body of one request to the admin port. */
export const ADMIN_BODY_BYTES_MAX = 1024 * 1024;
/** How long `spawnService` waits for the ready line: recovery of a large shard included. */
export const SPAWN_READY_TIMEOUT_MS = 120_000;
/** How long a spawned service may take to stop before it is killed; above any service's own deadline. */
export const SPAWN_STOP_TIMEOUT_MS = 20_000;
/** What is kept of a spawned service's last words, to explain a failed start. */
export const SPAWN_STDERR_BYTES_MAX = 16 * 1024;
/** Default deadline of a service's stop. */
export const SHUTDOWN_TIMEOUT_MS = 10_000;
/** How often a service that has a parent looks whether it lives, apart from the pipe that it holds. */
export const PARENT_POLL_MS = 500;
/** Beyond a stop's deadline, until a process that did not end by it is killed. */
export const ORPHAN_MARGIN_MS = 1_000;
/** Connections to one gRPC listener, and to one HTTP listener: what comes beyond is closed at once, and counted. */
export const GRPC_CONNECTIONS_MAX = 2_048;
export const HTTP_CONNECTIONS_MAX = 512;
/** Calls under way on one connection; a client's library keeps back what is more. */
export const CALLS_PER_CONNECTION_MAX = 1_024;
/** Metadata of one call as HTTP/2 counts it (each field 32 bytes more than its texts), and its fields. */
export const METADATA_BYTES_MAX = 16 * 1024;
export const METADATA_FIELDS_MAX = 64;
/**
 * What the HTTP/2 library may hold for one connection, in MB as it counts: streams, header tables, what is not sent yet. Above,
 * new calls are refused. Answers to pulls are the most of it, and have a bound of their own over all connections.
 */
export const CONNECTION_MEMORY_MB = 512;
/** Calls that one connection may cancel at once, and each second from then on; more ends it (CVE-2023-44487). */
export const CANCELS_BURST = 2_000;
export const CANCELS_PER_SECOND = 200;
/** Frames that are none, by one connection; more ends it. */
export const INVALID_FRAMES_MAX = 100;
/** Bytes that `sendFramed` hands over before the caller has read them; not more, so that it notices who reads nothing. */
export const SENT_AHEAD_BYTES_MAX = 1024 * 1024;
/** Bytes of messages of which only a part has come, over all clients. */
export const HALF_MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
/** Header of an HTTP request; a longer one is 431. */
export const HTTP_HEADER_BYTES_MAX = 16 * 1024;
/** How long a caller over HTTP may take to send its header, and the whole request; then it is 408. */
export const HTTP_HEADER_TIMEOUT_MS = 10_000;
export const HTTP_REQUEST_TIMEOUT_MS = 30_000;
/** How often these two are looked at. */
export const HTTP_TIMEOUT_LOOK_MS = 1_000;
/** Bytes of bodies that a process holds while they come, over all callers over HTTP; beyond it they are told OVERLOADED. */
export const HTTP_BODIES_BYTES_MAX = 64 * 1024 * 1024;
/** What such a caller is told to wait. */
export const HTTP_BODIES_RETRY_MS = 1_000;
/** Requests over HTTP that still run when a stop begins get this long; then they are cut. */
export const HTTP_STOP_MS = 3_000;
/** TLS of listeners; every client that is maintained has it. */
export const TLS_VERSION_MIN = 'TLSv1.3';
/** A connection whose handshake takes longer is closed. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often certificate files are read again. */
export const CERTIFICATE_POLL_MS = 2_000;
/** Share of traces that a service samples if the environment does not say. */
export const SAMPLING_RATIO = 0.01;
/** Ended spans that wait to be sent, about 1 KiB each; what comes beyond is dropped and counted. */
export const SPANS_QUEUED_MAX = 8_192;
/** Spans sent at a time: putting so many into bytes holds the event loop up for about a millisecond. */
export const SPAN_BATCH_MAX = 128;
/** Log lines that wait to be sent. */
export const LOG_LINES_QUEUED_MAX = 2_048;
/** Spans and log lines wait so long for others to be sent with. */
export const TELEMETRY_DELAY_MS = 1_000;
/** Metrics are sent so often if the environment does not say. */
export const TELEMETRY_METRICS_INTERVAL_MS = 15_000;
/** What waits to be sent when a process stops gets so long. */
export const TELEMETRY_STOP_MS = 2_000;
/** Pings on idle connections, so that a peer that vanished is noticed. */
export const KEEPALIVE_TIME_MS = 30_000;
export const KEEPALIVE_TIMEOUT_MS = 10_000;
/** An access file; what is larger is refused. */
export const ACCESS_FILE_BYTES_MAX = 1024 * 1024;
export const ACCESS_IDENTITIES_MAX = 1_024;
/** Of all identities: each call with a token compares it with all of them, some 0.1 µs each. */
export const ACCESS_TOKENS_MAX = 1_024;
/** How often a file that may change while a process runs is looked at: what it says holds this much later. */
export const FILE_POLL_MS = 1_000;

if (CANCELS_BURST < CALLS_PER_CONNECTION_MAX) {
  throw new Error('a client must be able to cancel all its calls at once');
}
if (
  CONNECTION_MEMORY_MB * 1_000_000 <
  CALLS_PER_CONNECTION_MAX * METADATA_BYTES_MAX + 2 * MESSAGE_BYTES_MAX
) {
  throw new Error('a connection must be able to hold the metadata of its calls and two messages');
}
if (HTTP_HEADER_TIMEOUT_MS >= HTTP_REQUEST_TIMEOUT_MS) throw new Error('a header is a part of its request');
if (HTTP_BODIES_BYTES_MAX < 2 * ADMIN_BODY_BYTES_MAX)
  throw new Error('two of the largest bodies must be able to come');
if (HALF_MESSAGE_BYTES_MAX < 2 * MESSAGE_BYTES_MAX)
  throw new Error('two of the largest messages must be able to come');
if (SPAN_BATCH_MAX > SPANS_QUEUED_MAX) throw new Error('a batch of spans must fit their queue');
if (HTTP_STOP_MS + TELEMETRY_STOP_MS >= SHUTDOWN_TIMEOUT_MS) {
  throw new Error('a stop must outlast telemetry that cannot be sent');
}
if (HTTP_STOP_MS >= SHUTDOWN_TIMEOUT_MS) throw new Error('a stop must outlast the requests that it cuts');
if (SHUTDOWN_TIMEOUT_MS >= SPAWN_STOP_TIMEOUT_MS) {
  throw new Error('a service must be able to stop before its parent kills it');
}

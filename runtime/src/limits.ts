// Bounds of what every process holds or waits for. Relations between them are asserted at load.

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
/** Pings on idle connections, so that a peer that vanished is noticed. */
export const KEEPALIVE_TIME_MS = 30_000;
export const KEEPALIVE_TIMEOUT_MS = 10_000;

if (SHUTDOWN_TIMEOUT_MS >= SPAWN_STOP_TIMEOUT_MS) {
  throw new Error('a service must be able to stop before its parent kills it');
}

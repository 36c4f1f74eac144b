// The garbage collector of a shard's process. V8 sizes its heap by the objects in it, about 20 MiB, but counts the
// memory of array buffers against that size: what gRPC allocates for each message then starts a full collection after
// every 10 MiB of traffic, which costs a fifth of the process's CPU. The heap may grow further between collections.
import { setFlagsFromString } from 'node:v8';

/** Heap between two full collections, in percent of what the first one left. */
const HEAP_GROWING_PERCENT = 400;

export function tuneGarbageCollector(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
}

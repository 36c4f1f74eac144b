// Memory of rows on their way to the store, of all tables. Fresh memory for each would outlive the young generation, and
// stay as garbage until a full collection.
import { MemoryPool } from '../memory-pool.ts';

export const rowMemory = new MemoryPool();

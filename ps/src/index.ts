// The parameter server: one shard as a service, the check of its folder, and what a table needs. Clients use @weir/sdk; tests
// start shards with @weir/ps/testing.

export { type SizeQuestion, sizeOf, type TableSize } from './core/table-size.ts';
export { LOG_REPLAY_MAX_DEFAULT } from './limits.ts';
export { verifyFolder } from './server/folder/verify-folder.ts';
export type { Problem, VerifyReport } from './server/folder/verify-report.ts';
export { psService } from './server/ps-service.ts';

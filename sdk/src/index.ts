export type {
  Admission,
  Initializer,
  Optimizer,
  TableDefinition,
  TlsOptions,
  TlsSource,
  TokenSource,
} from '@weir/proto';
export { ERROR_CODES, type ErrorCode, type PackedKeys, packKeys, unpackKeys, WeirError } from '@weir/proto';
export { assignedPartitions } from './assigned-partitions.ts';
export type { CallOptions } from './call-scope.ts';
export { type ConnectOptions, connect } from './connect.ts';
export type { Group, JoinOptions, Membership } from './group.ts';
export type { GroupPart, PartValue } from './group-parts.ts';
export type { GroupDescription, GroupReader } from './group-reader.ts';
export type { GroupResult, GroupResultPart } from './group-result.ts';
export type { ChangingPush, LastChange, LastChangesOptions } from './last-changes.ts';
export { type Ack, OutcomeUnknownError, type PushResult, type SkippedRow } from './outcome-unknown-error.ts';
export type { Pace } from './pace.ts';
export type { PushSettings } from './push-settings.ts';
export type { RoutingTable, ShardAddress } from './routing.ts';
export type { ShardStatus } from './shard-status.ts';
export type { SourceRange, SourceRanges } from './source-ranges.ts';
export type { AcquiredPartition, ShardOffsets, SourceOffset, SourceStart, Sources } from './sources.ts';
export type { SubscribeOptions } from './subscribe.ts';
export type { PushOptions, Table, TableGradients } from './table.ts';
export type { TableAdmin } from './table-admin.ts';
export type { OptimizerChanges, TableChanges } from './table-changes.ts';
export type { TableCursor, TableDelta } from './table-delta.ts';
export type { Keys } from './table-ref.ts';
export type { TableSpec } from './table-spec.ts';
export type { AlteredTable, CreatedTable, ShardReport, TableDescription } from './tables.ts';
export type { Weir } from './weir.ts';

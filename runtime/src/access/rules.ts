// Who may call what: for every RPC of every service, and every HTTP route that is another form of one, the roles that it
// needs. The one place where that stands: the guard goes by it, docs/security.md shows it, and a test compares it with the protocol, so
// that a new RPC is refused until it stands here.
import { WeirError } from '@weir/proto';
import type * as groups from '@weir/proto/v1/groups';
import type * as ps from '@weir/proto/v1/parameter_server';
import type * as sources from '@weir/proto/v1/sources';
import type * as streams from '@weir/proto/v1/streams';
import type { ResourceKind, Role } from './access-file.ts';

/** One role on each of the things that a message names. */
export interface Need {
  readonly role: Role;
  /** `uids`: tables, by their uid. */
  readonly kind: ResourceKind | 'uids';
  readonly of: (message: never) => readonly string[];
  /** For people: which things. */
  readonly says: string;
}

export interface Rule {
  readonly needs: readonly Need[];
  /**
   * `guard`: a message that lacks a role ends the call. `handler`: the handler asks for each message (`accessOf`), since it can
   * refuse one and go on with the others, or is the first to read it. `nobody`: open to all, also to those without a name.
   */
  readonly by: 'guard' | 'handler' | 'nobody';
  /** It changes what others rely on: a line in the audit log, also for a refusal. */
  readonly isAudited: boolean;
}

type Of<Message> = (message: Message) => readonly string[];

const need =
  (role: Role) =>
  <Message>(kind: Need['kind'], of: Of<Message>, says: string): Need => ({
    role,
    kind,
    of: of as Need['of'],
    says,
  });
const read = need('read');
const write = need('write');
const admin = need('admin');

const rule = (...needs: Need[]): Rule => ({ needs, by: 'guard', isAudited: false });
const byHandler = (...needs: Need[]): Rule => ({ needs, by: 'handler', isAudited: false });
const audited = (...needs: Need[]): Rule => ({ needs, by: 'guard', isAudited: true });
const OPEN: Rule = { needs: [], by: 'nobody', isAudited: false };

const service = (role: Role, name: string): Need =>
  need(role)('services', () => [name], `the service \`${name}\``);
/** A message whose uid no table has is answered by its handler, which says so. */
const specName = (message: ps.CreateTableRequest) => [qualified(message.spec?.name ?? '')];
const specUid = (message: ps.AlterTableRequest) => [message.spec?.uid ?? ''];
const uid = (message: ps.DropTableRequest) => [message.uid];
const tableUid = (message: { readonly tableUid: string }) => [message.tableUid];
const partUids = ({ parts }: { readonly parts: readonly { readonly tableUid: string }[] }) =>
  parts.map((part) => part.tableUid);
const rangeGroups = ({ sources: ranges }: ps.PushRequest) => ranges.map(({ group }) => group);
const group = (message: { readonly group: string }) => [message.group];
/** Further messages of the call are bytes for the group that the first one named. */
const startGroup = ({ start }: groups.SyncRequest) => (start === undefined ? [] : [start.group]);
const stream = (message: { readonly stream: string }) => [message.stream];

const PS = '/weir.v1.ParameterServer/';
const GROUPS = '/weir.v1.Groups/';
const SOURCES = '/weir.v1.Sources/';
const STREAMS = '/weir.v1.Streams/';

/** By path of the RPC, or method and path over HTTP. What is not here is refused. */
export const RULES: Readonly<Record<string, Rule>> = {
  [`${PS}CreateTable`]: audited(admin('tables', specName, 'the table')),
  // The answer has those that the caller may read.
  [`${PS}ListTables`]: byHandler(read('tables', () => [], 'each table that is listed')),
  [`${PS}AlterTable`]: audited(admin('uids', specUid, 'the table')),
  [`${PS}DropTable`]: audited(admin('uids', uid, 'the table')),
  // Every client asks it first.
  [`${PS}GetRouting`]: rule(),
  [`${PS}DescribeShard`]: rule(service('read', 'ps')),
  [`${PS}Pull`]: byHandler(read<ps.PullRequest>('uids', partUids, 'each table')),
  [`${PS}PullOnce`]: rule(read<ps.PullRequest>('uids', partUids, 'each table')),
  [`${PS}Push`]: byHandler(
    write<ps.PushRequest>('uids', partUids, 'each table'),
    write<ps.PushRequest>('groups', rangeGroups, 'the group of each source range'),
  ),
  [`${PS}PushOnce`]: rule(
    write<ps.PushRequest>('uids', partUids, 'each table'),
    write<ps.PushRequest>('groups', rangeGroups, 'the group of each source range'),
  ),
  [`${PS}Subscribe`]: rule(read<ps.SubscribeRequest>('uids', tableUid, 'the table')),
  [`${PS}LastChanges`]: rule(read<ps.LastChangesRequest>('uids', tableUid, 'the table')),

  [`${GROUPS}Join`]: rule(write<groups.JoinGroupRequest>('groups', group, 'the group')),
  [`${GROUPS}Renew`]: rule(write<groups.RenewLeaseRequest>('groups', group, 'the group')),
  [`${GROUPS}Leave`]: rule(write<groups.LeaveGroupRequest>('groups', group, 'the group')),
  [`${GROUPS}Sync`]: rule(write<groups.SyncRequest>('groups', startGroup, 'the group')),
  [`${GROUPS}Latest`]: rule(read<groups.LatestResultRequest>('groups', group, 'the group')),
  [`${GROUPS}Describe`]: rule(read<groups.DescribeGroupRequest>('groups', group, 'the group')),
  [`${GROUPS}Watch`]: rule(read<groups.WatchGroupRequest>('groups', group, 'the group')),

  [`${SOURCES}Acquire`]: rule(write<sources.AcquireSourcesRequest>('groups', group, 'the group')),
  [`${SOURCES}Describe`]: rule(read<sources.DescribeSourcesRequest>('groups', group, 'the group')),
  [`${SOURCES}Reset`]: audited(admin<sources.ResetSourcesRequest>('groups', group, 'the group')),

  // A stage makes the streams that it writes to; of one that is there already nothing changes.
  [`${STREAMS}CreateStream`]: rule(write<streams.CreateStreamRequest>('streams', stream, 'the stream')),
  [`${STREAMS}ListStreams`]: byHandler(read('streams', () => [], 'each stream that is listed')),
  // Its bytes are read by the handler.
  [`${STREAMS}Append`]: byHandler(write<{ readonly stream: string }>('streams', stream, 'the stream')),
  [`${STREAMS}Read`]: rule(read<streams.ReadRequest>('streams', stream, 'the stream')),
  [`${STREAMS}EndOffsets`]: rule(read<streams.EndOffsetsRequest>('streams', stream, 'the stream')),
  [`${STREAMS}CommitOffsets`]: rule(
    read<streams.CommitOffsetsRequest>('streams', stream, 'the stream'),
    write<streams.CommitOffsetsRequest>('groups', group, 'the group'),
  ),
  [`${STREAMS}GroupOffsets`]: rule(
    read<streams.GroupOffsetsRequest>('streams', stream, 'the stream'),
    read<streams.GroupOffsetsRequest>('groups', group, 'the group'),
  ),
  // The stitcher trims its own log again and again: no line in the audit log for each.
  [`${STREAMS}Trim`]: rule(admin<streams.TrimRequest>('streams', stream, 'the stream')),
  [`${STREAMS}Fence`]: rule(write<streams.FenceRequest>('streams', stream, 'the stream')),

  '/weir.v1.Ingest/PutFeatures': rule(service('write', 'collector')),
  '/weir.v1.Ingest/PutEvents': rule(service('write', 'collector')),
  'POST /v1/features': rule(service('write', 'collector')),
  'POST /v1/events': rule(service('write', 'collector')),
  // What is ranked is logged, and learned from.
  '/weir.v1.Predictor/Rank': rule(service('write', 'predictor')),
  'POST /v1/rank': rule(service('write', 'predictor')),

  // Probes have no token.
  '/grpc.health.v1.Health/Check': OPEN,
  '/grpc.health.v1.Health/Watch': OPEN,
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': rule(),
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': rule(),
};

/** Of what is called, where nobody may. */
export function noRule(action: string): WeirError {
  const message = `${action} has no rule that says who may call it: a defect of this version`;
  return new WeirError('PERMISSION_DENIED', message);
}

/** Routes of the admin port that are not open to all; `/healthz`, `/readyz` and `/metrics` are. */
export function adminRule(method: 'GET' | 'POST', serviceName: string): Rule {
  return method === 'GET' ? rule(service('read', serviceName)) : audited(service('admin', serviceName));
}

/** As the shard will store it. */
function qualified(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

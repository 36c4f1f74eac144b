// The gRPC face of a shard's groups: what each method means stands in the part that it calls.
import type { EventEmitter } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import {
  type DescribeGroupResponse,
  type GroupMembership,
  type GroupResultChunk,
  GroupsService,
  type LatestResultRequest,
  type WatchGroupRequest,
} from '@weir/proto/v1/groups';
import { type GrpcServer, type Runtime, sendFramed } from '@weir/runtime';
import type { Membership } from '../../core/group-events.ts';
import { CLIENT_PATIENCE_MS, GROUP_STREAMS_MAX } from '../../limits.ts';
import { OpenCalls } from '../open-calls.ts';
import { overloaded } from '../push/overloaded.ts';
import { unaryAnswer } from '../unary-answer.ts';
import { decodeClock, encodeClock } from './clock-message.ts';
import type { GroupHost } from './group-host.ts';
import { serveSync } from './group-sync.ts';
import { checkedLease, checkedMember, type Groups } from './groups.ts';

export interface GroupServer {
  /** Ends streams and waiting calls with UNAVAILABLE. */
  stop(): void;
}

export function serveGroups(
  server: GrpcServer,
  groups: Groups,
  logger: Runtime['log'],
  patienceMs = CLIENT_PATIENCE_MS,
): GroupServer {
  const calls = new OpenCalls();
  const unary = unaryAnswer(logger);
  const admitted = <Call extends EventEmitter>(serve: (call: Call) => void): ((call: Call) => void) => {
    return (call) => {
      if (calls.size < GROUP_STREAMS_MAX) serve(call);
      else call.emit('error', overloaded(`${GROUP_STREAMS_MAX} calls wait at groups already`).toStatus());
    };
  };
  server.addService(GroupsService, {
    join: unary(async ({ group, member, leaseMs }) => {
      const [asked, lease] = [checkedMember(member), checkedLease(leaseMs)];
      const host = groups.make(group);
      return membershipMessage(host, (await host.join(asked, lease)).membership);
    }),
    renew: unary(async ({ group, member, clock }) => {
      const asked = checkedMember(member);
      const host = groups.of(group, asked);
      const answer = await host.renew(asked, clock && decodeClock(clock));
      return { ...membershipMessage(host, answer.membership), clock: answer.clock };
    }),
    leave: unary(async ({ group, member }) => ({
      left: (await groups.find(group)?.leave(checkedMember(member))) ?? false,
    })),
    describe: unary(({ group }) => describe(groups.ownership.shard, groups.get(group))),
    sync: admitted((call) => serveSync(call, groups, calls, patienceMs)),
    latest: (call) => void serveLatest(call, groups, patienceMs),
    watch: admitted((call) => serveWatch(call, groups, calls)),
  });
  return {
    stop() {
      calls.stopAll();
      groups.stop();
    },
  };
}

async function serveLatest(
  call: ServerWritableStream<LatestResultRequest, GroupResultChunk>,
  groups: Groups,
  patienceMs: number,
): Promise<void> {
  try {
    const host = groups.find(call.request.group);
    const head = host?.latest();
    if (host !== undefined && head !== undefined) await sendFramed(call, host.frames(head), patienceMs);
    call.end();
  } catch (error) {
    call.emit('error', WeirError.from(error).toStatus());
  }
}

/** A caller that reads slowly misses what was overtaken meanwhile, never the newest. */
function serveWatch(
  call: ServerWritableStream<WatchGroupRequest, GroupMembership>,
  groups: Groups,
  calls: OpenCalls,
): void {
  const fail = (error: unknown): void => void call.emit('error', WeirError.from(error).toStatus());
  let host: GroupHost;
  try {
    host = groups.get(call.request.group);
  } catch (error) {
    fail(error);
    return;
  }
  let full = false;
  let missed = false;
  const tell = (): void => {
    missed = full;
    if (!full) full = !call.write(membershipMessage(host, host.group.membership));
  };
  const unwatch = host.watch(tell);
  call.on('drain', () => {
    full = false;
    if (missed) tell();
  });
  for (const event of ['cancelled', 'close']) call.once(event, unwatch);
  calls.add(call, () => fail(new WeirError('UNAVAILABLE', 'the shard is stopping')));
  tell();
}

function membershipMessage(
  { group }: GroupHost,
  { generation, members, nextStep }: Membership,
): GroupMembership {
  return { generation, members: [...members], nextStep, ...group.signs };
}

function describe(shard: string, { group }: GroupHost): DescribeGroupResponse {
  const nowMs = performance.now();
  const { members, step, results, membership, clocks } = group;
  const since = step.sinceMs;
  const ago = (ms: number): number => Math.max(0, Math.round(nowMs - ms));
  return {
    shard,
    generation: membership.generation,
    nextStep: membership.nextStep,
    members: members.list.map((member) => ({
      ...member,
      leaseLeftMs: Math.round(members.leaseLeftMs(member, nowMs)),
      contributed: since.has(member.name),
      contributedMs: ago(since.get(member.name) ?? nowMs),
      clock: encodeClock(clocks.of(member.incarnation)),
    })),
    waitingFor: since.size === 0 ? [] : step.missing(members.names),
    waitingMs: ago(Math.min(nowMs, ...since.values())),
    results: results.map(({ step: of, generation, bytes }) => ({ step: of, generation, bytes })),
  };
}

// What a partition keeps beside its requests, waiting events and outbox: written whole with every step.
import { WeirError } from '@weir/proto';
import type { InputStream } from '../core/counters.ts';
import { emptyJoinState, type JoinState } from '../core/join-state.ts';
import type { OutputStream } from '../core/join-step.ts';
import type { LabelPlan } from '../core/label-plan.ts';
import type { ColdState } from './cold-requests.ts';

export interface InputPosition {
  /** Next offset to read. */
  readonly offset: number;
  /** Of the partition that the offset counts in; empty before the first record. */
  readonly incarnation: string;
}

export interface PartitionState {
  readonly join: JoinState;
  readonly inputs: Readonly<Record<InputStream, InputPosition>>;
  /** Last sequence number given to a record. */
  readonly sequences: Readonly<Record<OutputStream, number>>;
  readonly cold: ColdState;
}

const FORMAT_VERSION = 1;

export function emptyPartitionState(plan: LabelPlan): PartitionState {
  return {
    join: emptyJoinState(plan),
    inputs: { features: { offset: 0, incarnation: '' }, behaviour: { offset: 0, incarnation: '' } },
    sequences: { samples: 0, late: 0, orphans: 0, rejected: 0 },
    cold: { spilledBelowMs: 0, spilledCount: 0, requestsGoneBelowMs: 0, templatesGoneBelowMs: 0 },
  };
}

export function encodePartitionState(state: PartitionState): Uint8Array {
  return Buffer.from(JSON.stringify({ version: FORMAT_VERSION, ...state }));
}

/** @throws WeirError CONFIGURATION when a newer version wrote it. */
export function decodePartitionState(bytes: Uint8Array): PartitionState {
  const { version, ...state } = JSON.parse(Buffer.from(bytes).toString()) as PartitionState & {
    version: number;
  };
  if (version !== FORMAT_VERSION) {
    throw new WeirError(
      'CONFIGURATION',
      `the stitcher's folder has format ${version}, this version reads ${FORMAT_VERSION}; use the version that wrote it`,
    );
  }
  return state;
}

// Which step of each group waits for whom.
import { WeirError } from '@weir/proto';
import type { Weir } from '@weir/sdk';
import type { BarrierLook } from './live-look.ts';

/** Groups that nobody has joined yet, or that nobody answers for just now, are left out. */
export async function readBarriers(weir: Weir, groups: readonly string[]): Promise<BarrierLook[]> {
  const looks = await Promise.all(groups.map((group) => readBarrier(weir, group)));
  return looks.filter((look) => look !== undefined);
}

async function readBarrier(weir: Weir, group: string): Promise<BarrierLook | undefined> {
  try {
    const { nextStep, members, waitingFor, waitingMs } = await weir.group(group).describe();
    return { group, step: nextStep, members: members.length, waitingFor, waitingMs };
  } catch (thrown) {
    const { code, retryable } = WeirError.from(thrown);
    if (code === 'GROUP_NOT_FOUND' || code === 'DEADLINE_EXCEEDED' || retryable) return undefined;
    throw thrown;
  }
}

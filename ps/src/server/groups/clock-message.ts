// A member's clock as it goes over the wire.
import { WeirError } from '@weir/proto';
import { type MemberClock, MemberPace } from '@weir/proto/v1/groups';
import type { ClockReport, Pace } from '../../core/group-clocks.ts';

const PACES: readonly (readonly [MemberPace, Pace])[] = [
  [MemberPace.IDLE, 'idle'],
  [MemberPace.BEGINS, 'begins'],
  [MemberPace.WORKS, 'works'],
];

/** @throws WeirError INVALID_ARGUMENT. */
export function decodeClock({ report, windows, pace }: MemberClock): ClockReport {
  const known = PACES.find(([encoded]) => encoded === pace);
  if (known === undefined) throw new WeirError('INVALID_ARGUMENT', `clock: there is no pace ${pace}`);
  if (report < 1) throw new WeirError('INVALID_ARGUMENT', 'clock: reports count from 1');
  return { report, windows, pace: known[1] };
}

export function encodeClock(clock: ClockReport | undefined): MemberClock | undefined {
  const pace = PACES.find(([, known]) => known === clock?.pace);
  return clock && pace && { ...clock, pace: pace[0] };
}

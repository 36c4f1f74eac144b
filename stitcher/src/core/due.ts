// What falls due between two watermarks: for each window, the requests whose exposure lies one window earlier.
import type { DueGroup } from './label-plan.ts';
import type { OpenRequest } from './open-request.ts';
import type { OpenRequests } from './open-requests.ts';

export interface Due {
  readonly dueMs: number;
  readonly request: OpenRequest;
  readonly group: DueGroup;
}

/**
 * Everything due in [fromMs, toMs), by (due time, serving id).
 * @param cold requests that are not in memory, in any order; those that are not due are left out.
 */
export function dueBetween(
  groups: readonly DueGroup[],
  requests: OpenRequests,
  cold: readonly OpenRequest[],
  fromMs: number,
  toMs: number,
): Due[] {
  const due: Due[] = [];
  for (const group of groups) {
    const add = (request: OpenRequest): void => {
      due.push({ dueMs: request.timeMs + group.windowMs, request, group });
    };
    requests.between(fromMs - group.windowMs, toMs - group.windowMs).forEach(add);
    for (const request of cold) {
      const dueMs = request.timeMs + group.windowMs;
      if (dueMs >= fromMs && dueMs < toMs) add(request);
    }
  }
  return due.sort((a, b) => a.dueMs - b.dueMs || compareText(a.request.servingId, b.request.servingId));
}

/**
 * The largest bound <= toMs so that what `ordered` holds before it takes at most `bytesMax`, or is of one time.
 * Requests of one time are never parted: their order is by serving id.
 * @param ordered requests by time, all due at or after `fromMs` for a group of this window.
 */
export function boundByBytes(
  ordered: Iterable<OpenRequest>,
  windowMs: number,
  toMs: number,
  bytesMax: number,
): number {
  let bytes = 0;
  let firstMs = -1;
  for (const request of ordered) {
    const dueMs = request.timeMs + windowMs;
    if (dueMs >= toMs) return toMs;
    if (firstMs === -1) firstMs = dueMs;
    bytes += request.templateBytes + REQUEST_BYTES;
    if (bytes > bytesMax) return Math.max(dueMs, firstMs + 1);
  }
  return toMs;
}

/** What an emission takes beside its template. */
const REQUEST_BYTES = 1024;

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Which partitions of a stream are a member's: a pure function of the membership, so that members of one generation
// agree without a word.
import type { Membership } from './group.ts';

/**
 * Partition i is that of the member at i mod n, in the order of `members` (that of their names). A name that is no
 * member has none.
 */
export function assignedPartitions(
  { members }: Pick<Membership, 'members'>,
  member: string,
  partitions: number,
): number[] {
  const at = members.indexOf(member);
  if (at === -1) return [];
  const own: number[] = [];
  for (let partition = at; partition < partitions; partition += members.length) own.push(partition);
  return own;
}

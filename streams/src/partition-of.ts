// Which partition a request's records go to: the same in every stream, so that a join finds all it needs in one.
import { xxHash64 } from '@weir/proto';

/** XXH64 of the serving id modulo the number of partitions. */
export function partitionOf(servingId: string, partitions: number): number {
  return Number(xxHash64(servingId) % BigInt(partitions));
}

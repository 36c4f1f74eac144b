// What the shards say of themselves.
import { WeirError } from '@weir/proto';
import type { DescribeShardResponse } from '@weir/proto/v1/parameter_server';
import type { CallScope } from './call-scope.ts';
import type { Shard } from './shard.ts';
import { callOnce } from './unary.ts';

/** A shard, and what it says of itself or why it does not answer. */
export type ShardStatus =
  | { readonly shard: string; readonly address: string; readonly description: DescribeShardResponse }
  | { readonly shard: string; readonly address: string; readonly error: WeirError };

/** One try at each shard; who does not answer is listed with its error. */
export async function describeShards(shards: readonly Shard[], scope: CallScope): Promise<ShardStatus[]> {
  return await Promise.all(
    shards.map(async ({ connection }) => {
      const { id: shard, address, client, channels, name } = connection;
      try {
        const method = client.describeShard.bind(client);
        return { shard, address, description: await callOnce(method, {}, channels.metadata, scope, name) };
      } catch (error) {
        return { shard, address, error: WeirError.from(error) };
      }
    }),
  );
}

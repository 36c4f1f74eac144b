// Asking for the routing table: one shard over its own connection, or the seeds in turn.
import { WeirError } from '@weir/proto';
import type { ParameterServerClient } from '@weir/proto/v1/parameter_server';
import type { CallScope } from './call-scope.ts';
import type { Channels } from './channel.ts';
import { SEED_TIMEOUT_MS } from './limits.ts';
import { decide, delay } from './retry.ts';
import { decodeRouting, type RoutingTable } from './routing.ts';
import { callOnce } from './unary.ts';

export async function fetchRouting(
  client: ParameterServerClient,
  channels: Channels,
  scope: CallScope,
  where: string,
): Promise<RoutingTable> {
  const method = client.getRouting.bind(client);
  return decodeRouting(await callOnce(method, {}, channels.metadata, scope, where, SEED_TIMEOUT_MS), where);
}

/**
 * The routing table of the first seed that answers. Rounds are repeated until the scope ends, since shards
 * may be starting; but not once every seed has refused for good (a wrong token, say).
 * @throws WeirError naming every seed and what it said last.
 */
export async function fetchFromSeeds(
  seeds: readonly string[],
  channels: Channels,
  scope: CallScope,
): Promise<RoutingTable> {
  const said = new Map<string, WeirError>();
  for (let round = 1; !scope.ended; round++) {
    for (const seed of seeds) {
      const client = channels.open(seed);
      try {
        return await fetchRouting(client, channels, scope, seed);
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (scope.ended) break;
        said.set(seed, error);
      } finally {
        client.close();
      }
    }
    const refusals = [...said.values()].filter((error) => decide(error) === 'fail');
    if (refusals.length === seeds.length) throw noSeed(refusals[0]!, scope, seeds, said);
    await scope.sleep(delay(round, undefined, Math.random()));
  }
  throw noSeed(scope.error(), scope, seeds, said);
}

function noSeed(
  error: WeirError,
  scope: CallScope,
  seeds: readonly string[],
  said: ReadonlyMap<string, WeirError>,
): WeirError {
  // Out of time with nobody there is a matter of reaching them, not of slowness.
  const code = error.code === 'DEADLINE_EXCEEDED' ? 'UNAVAILABLE' : error.code;
  const list = seeds
    .map((seed) => said.get(seed)?.message ?? 'no answer')
    .map((text, i) => (text.startsWith(seeds[i]!) ? text : `${seeds[i]}: ${text}`))
    .join('; ');
  return new WeirError(code, `${scope.what}: no seed gave a routing table (${list})`, { cause: error });
}

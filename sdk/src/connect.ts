// The way in: options checked, the routing table fetched from a seed.
import { CLIENT_ID_LENGTH_MAX, type ClientIdentity, type TlsSource, WeirError } from '@weir/proto';
import { CallScope } from './call-scope.ts';
import { channels } from './channel.ts';
import { clientMetrics } from './client-metrics.ts';
import { fetchFromSeeds } from './fetch-routing.ts';
import { FrameMemory } from './frame-memory.ts';
import { TIMEOUT_MS_DEFAULT } from './limits.ts';
import { type PushSettingsGiven, pushSettings } from './push-settings.ts';
import { Router } from './router.ts';
import { isAddress } from './routing.ts';
import { Weir } from './weir.ts';

/** Of `connect`. Times are in ms. */
export interface ConnectOptions extends PushSettingsGiven, ClientIdentity {
  /** `HOST:PORT` of some shards; any one of them that answers is enough. */
  readonly seeds: readonly string[];
  /** Names this client in logs and metrics; a random incarnation is added, so it need not be unique. */
  readonly clientId: string;
  /** Of connecting, and of every call that says nothing else; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** PEM texts, or a function that returns them and is asked for each new connection. Default: no TLS. */
  readonly tls?: TlsSource | undefined;
  /** Ends connecting with CANCELLED when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A client of the cluster to which the seeds belong.
 * @throws WeirError INVALID_ARGUMENT; UNAVAILABLE naming every seed when none answers in time; UNAUTHENTICATED or
 * CONFIGURATION, at once, when no seed can be reached for its or this client's certificate, or since one side has no TLS;
 * CANCELLED.
 */
export async function connect(options: ConnectOptions): Promise<Weir> {
  const { seeds, clientId, tls, token, insecure, signal, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  if (seeds.length === 0) throw new WeirError('INVALID_ARGUMENT', 'connect: no seeds were given');
  const notAddress = seeds.find((seed) => !isAddress(seed));
  if (notAddress !== undefined) {
    throw new WeirError('INVALID_ARGUMENT', `connect: seed '${notAddress}' is not HOST:PORT`);
  }
  if (clientId === '' || clientId.length > CLIENT_ID_LENGTH_MAX) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `connect: clientId needs 1 to ${CLIENT_ID_LENGTH_MAX} characters`,
    );
  }
  const pushes = pushSettings(options);
  using scope = new CallScope('connect', { signal, timeoutMs });
  const open = channels(tls, { token, insecure });
  const routing = await fetchFromSeeds(seeds, open, scope);
  const context = { clientId, channels: open, pushes, memory: new FrameMemory(), metrics: clientMetrics() };
  return new Weir(new Router(routing, context, seeds), timeoutMs);
}

// The connection to one shard: its address, which may change, and its gRPC client. It reconnects by itself.
import { WeirError } from '@weir/proto';
import type { ParameterServerClient } from '@weir/proto/v1/parameter_server';
import type { Channels } from './channel.ts';
import { READY_TIMEOUT_MS } from './limits.ts';
import type { ShardAddress } from './routing.ts';

export class ShardConnection {
  readonly id: string;
  readonly channels: Channels;
  #address: string;
  #client: ParameterServerClient;
  readonly #onUnreachable: () => void;

  /** @param onUnreachable asks for the routing table again. */
  constructor({ id, address }: ShardAddress, channels: Channels, onUnreachable: () => void) {
    this.id = id;
    this.channels = channels;
    this.#address = address;
    this.#client = channels.open(address);
    this.#onUnreachable = onUnreachable;
  }

  get address(): string {
    return this.#address;
  }

  get client(): ParameterServerClient {
    return this.#client;
  }

  /** For messages. */
  get name(): string {
    return `${this.id} (${this.#address})`;
  }

  moveTo(address: string): void {
    if (address === this.#address) return;
    this.#client.close();
    this.#address = address;
    this.#client = this.channels.open(address);
  }

  /** The shard could not be reached for a while: it may have moved. */
  unreachable(): void {
    this.#onUnreachable();
  }

  /** Resolves once connected; rejects after READY_TIMEOUT_MS: UNAVAILABLE, or why there can be no TLS between the two. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + READY_TIMEOUT_MS, (cause) => {
        if (cause === undefined) {
          resolve();
          return;
        }
        this.unreachable();
        const unreachable = new WeirError('UNAVAILABLE', `${this.name} cannot be reached`, {
          shard: this.id,
          cause,
        });
        reject(this.channels.failureAt(this.#address) ?? unreachable);
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

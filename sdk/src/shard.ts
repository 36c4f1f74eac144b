// One shard as this client sees it: its connections, its pulls, its pushes. Pushes have a connection of their own, so that
// no pull waits behind their bytes; it is made with the first push. A shard lives as long as the client,
// whatever addresses the shard has, because its push numbers do.
import type { ClientContext } from './client-context.ts';
import { PullLane } from './pull-lane.ts';
import { PushLane } from './push-lane.ts';
import type { ShardAddress } from './routing.ts';
import { ShardConnection } from './shard-connection.ts';

export class Shard {
  readonly connection: ShardConnection;
  readonly #pushConnection: ShardConnection;
  readonly pulls: PullLane;
  readonly pushes: PushLane;

  constructor(address: ShardAddress, context: ClientContext, onUnreachable: () => void) {
    this.connection = new ShardConnection(address, context.channels, onUnreachable);
    this.pulls = new PullLane(this.connection, context.metrics);
    this.#pushConnection = new ShardConnection(address, context.channels, onUnreachable);
    this.pushes = new PushLane(this.#pushConnection, context);
  }

  moveTo(address: string): void {
    if (address === this.connection.address) return;
    this.connection.moveTo(address);
    this.#pushConnection.moveTo(address);
    this.pulls.restart();
    this.pushes.restart();
  }

  close(): void {
    this.pulls.close();
    this.pushes.close();
    this.connection.close();
    this.#pushConnection.close();
  }
}

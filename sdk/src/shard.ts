// One shard as this client sees it: its connection, its pulls, its pushes. It lives as long as the client,
// whatever addresses the shard has, because its push numbers do.
import type { ClientContext } from './client-context.ts';
import { PullLane } from './pull-lane.ts';
import { PushLane } from './push-lane.ts';
import type { ShardAddress } from './routing.ts';
import { ShardConnection } from './shard-connection.ts';

export class Shard {
  readonly connection: ShardConnection;
  readonly pulls: PullLane;
  readonly pushes: PushLane;

  constructor(address: ShardAddress, context: ClientContext, onUnreachable: () => void) {
    this.connection = new ShardConnection(address, context.channels, onUnreachable);
    this.pulls = new PullLane(this.connection, context.metrics);
    this.pushes = new PushLane(this.connection, context);
  }

  moveTo(address: string): void {
    if (address === this.connection.address) return;
    this.connection.moveTo(address);
    this.pulls.restart();
    this.pushes.restart();
  }

  close(): void {
    this.pulls.close();
    this.pushes.close();
    this.connection.close();
  }
}

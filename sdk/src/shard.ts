// One shard as this client sees it: its connection, its pulls, its pushes. It lives as long as the client,
// whatever addresses the shard has, because its push numbers do.
import type { Channels } from './channel.ts';
import { PullLane } from './pull-lane.ts';
import { PushLane } from './push-lane.ts';
import type { ShardAddress } from './routing.ts';
import { ShardConnection } from './shard-connection.ts';

export class Shard {
  readonly connection: ShardConnection;
  readonly pulls: PullLane;
  readonly pushes: PushLane;

  constructor(address: ShardAddress, channels: Channels, clientId: string, onUnreachable: () => void) {
    this.connection = new ShardConnection(address, channels, onUnreachable);
    this.pulls = new PullLane(this.connection);
    this.pushes = new PushLane(this.connection, clientId);
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

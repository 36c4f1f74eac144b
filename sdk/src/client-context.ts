// What all shards of one client have in common.
import type { Channels } from './channel.ts';
import type { ClientMetrics } from './client-metrics.ts';
import type { FrameMemory } from './frame-memory.ts';
import type { PushSettings } from './push-settings.ts';

export interface ClientContext {
  readonly clientId: string;
  readonly channels: Channels;
  readonly pushes: PushSettings;
  readonly memory: FrameMemory;
  readonly metrics: ClientMetrics;
}

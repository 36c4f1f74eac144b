// The members' side of the barrier bench: each has a connection of its own, as processes would.
import { connect, type GroupPart } from '@weir/sdk';

export interface BarrierLoad {
  readonly address: string;
  readonly members: number;
  readonly payloadBytes: number;
  readonly seconds: number;
}

export interface BarrierReport {
  /** From a member's call to its result. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Payloads of all members. */
  readonly bytesPerS: number;
  readonly steps: number;
}

const WARM_UP_S = 1;

export async function runBarriers({
  address,
  members,
  payloadBytes,
  seconds,
}: BarrierLoad): Promise<BarrierReport> {
  const names = Array.from({ length: members }, (_, i) => `member-${i}`);
  const clients = await Promise.all(names.map((clientId) => connect({ seeds: [address], clientId })));
  try {
    const groups = await Promise.all(
      clients.map((client, i) => client.group('bench', { member: names[i]!, leaseMs: 30_000 })),
    );
    for (const group of groups) {
      for await (const { members: list } of group.changes()) if (list.length === members) break;
    }
    const value = Float32Array.from({ length: payloadBytes / 4 }, (_, i) => i);
    const parts: GroupPart[] = [{ name: 'dense', type: 'f32', reduce: 'mean', value }];
    const latencies: number[] = [];
    const measuredFromMs = performance.now() + WARM_UP_S * 1000;
    const untilMs = measuredFromMs + seconds * 1000;
    let steps = 0;
    let firstMs = 0;
    let lastMs = 0;
    for (let step = groups[0]!.nextStep; performance.now() < untilMs; step++) {
      const begunMs = performance.now();
      const measured = begunMs >= measuredFromMs;
      await Promise.all(
        groups.map(async (group) => {
          await group.sync(step, parts);
          if (measured) latencies.push(performance.now() - begunMs);
        }),
      );
      if (!measured) continue;
      if (steps++ === 0) firstMs = begunMs;
      lastMs = performance.now();
    }
    latencies.sort((a, b) => a - b);
    return {
      p50Ms: latencies[Math.floor(latencies.length / 2)]!,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
      bytesPerS: (steps * members * payloadBytes * 1000) / (lastMs - firstMs),
      steps,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

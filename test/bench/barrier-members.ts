// The members' side of the barrier bench: each has a connection of its own, as processes would.
import { tuneGarbageCollector } from '@weir/runtime';
import { connect, type GroupPart } from '@weir/sdk';
import { cpuSeconds } from './process-usage.ts';

export interface BarrierLoad {
  readonly address: string;
  readonly serverPid: number;
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
  /** CPU seconds for 10^9 bytes of payload. */
  readonly serverCpuSPerGb: number;
  readonly clientCpuSPerGb: number;
}

const WARM_UP_S = 1;

export async function runBarriers({
  address,
  serverPid,
  members,
  payloadBytes,
  seconds,
}: BarrierLoad): Promise<BarrierReport> {
  tuneGarbageCollector();
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
    let [server, client] = [0, 0];
    for (let step = groups[0]!.nextStep; performance.now() < untilMs; step++) {
      const begunMs = performance.now();
      const measured = begunMs >= measuredFromMs;
      if (measured && firstMs === 0) {
        firstMs = begunMs;
        [server, client] = [cpuSeconds(serverPid), cpuSeconds(process.pid)];
      }
      await Promise.all(
        groups.map(async (group) => {
          await group.sync(step, parts);
          if (measured) latencies.push(performance.now() - begunMs);
        }),
      );
      if (!measured) continue;
      steps++;
      lastMs = performance.now();
    }
    const gigabytes = (steps * members * payloadBytes) / 1e9;
    latencies.sort((a, b) => a - b);
    return {
      p50Ms: latencies[Math.floor(latencies.length / 2)]!,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
      bytesPerS: (gigabytes * 1e12) / (lastMs - firstMs),
      steps,
      serverCpuSPerGb: (cpuSeconds(serverPid) - server) / gigabytes,
      clientCpuSPerGb: (cpuSeconds(process.pid) - client) / gigabytes,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

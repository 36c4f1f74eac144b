// What every process tells about itself: event loop, garbage collection, memory, CPU. Names follow OpenTelemetry's
// conventions for Node.js and V8.
import {
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { observeContainer } from './container-metrics.ts';
import { meter } from './meter.ts';

const GC_KINDS: Record<number, string> = {
  1: 'minor',
  2: 'minor',
  4: 'major',
  8: 'incremental',
  16: 'weakcb',
};

/** Registers the observers; returns what stops them. */
export function observeRuntime(): () => void {
  observeContainer();
  const instruments = meter('weir.runtime');
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let utilizationBefore = performance.eventLoopUtilization();

  const gauge = (name: string, unit: string, description: string) =>
    instruments.createObservableGauge(name, { unit, description });
  const delayP50 = gauge('nodejs.eventloop.delay.p50', 's', 'Median event-loop delay since the last reading');
  const delayP99 = gauge('nodejs.eventloop.delay.p99', 's', '99th percentile of event-loop delay');
  const delayMax = gauge('nodejs.eventloop.delay.max', 's', 'Largest event-loop delay');
  const utilization = gauge(
    'nodejs.eventloop.utilization',
    '1',
    'Share of time in which the event loop was busy',
  );
  const memory = gauge('process.memory.usage', 'By', 'Resident memory');
  const heap = gauge('v8js.memory.heap.used', 'By', 'Memory used on the heap');
  const external = gauge('v8js.memory.external', 'By', 'Memory of buffers outside the heap');
  const cpu = instruments.createObservableCounter('process.cpu.time', {
    unit: 's',
    description: 'CPU time used',
  });
  const gc = instruments.createHistogram('v8js.gc.duration', {
    unit: 's',
    description: 'Time of garbage collections',
  });

  const observed = [delayP50, delayP99, delayMax, utilization, memory, heap, external, cpu];
  instruments.addBatchObservableCallback((result) => {
    result.observe(delayP50, delay.percentile(50) / 1e9);
    result.observe(delayP99, delay.percentile(99) / 1e9);
    result.observe(delayMax, delay.max / 1e9);
    delay.reset();
    const now = performance.eventLoopUtilization();
    result.observe(utilization, performance.eventLoopUtilization(now, utilizationBefore).utilization);
    utilizationBefore = now;
    const usage = process.memoryUsage();
    result.observe(memory, usage.rss);
    result.observe(heap, usage.heapUsed);
    result.observe(external, usage.external);
    const { user, system } = process.cpuUsage();
    result.observe(cpu, user / 1e6, { 'cpu.mode': 'user' });
    result.observe(cpu, system / 1e6, { 'cpu.mode': 'system' });
  }, observed);

  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as PerformanceEntry & { detail?: { kind?: number } }).detail?.kind ?? 0;
      gc.record(entry.duration / 1000, { 'v8js.gc.type': GC_KINDS[kind] ?? 'other' });
    }
  });
  collections.observe({ entryTypes: ['gc'] });
  return () => {
    collections.disconnect();
    delay.disable();
  };
}

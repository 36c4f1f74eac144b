// Figures that are plain numbers somewhere and are read when Prometheus asks.
import { meter } from '@weir/runtime';

/** @param name without `_total`, which Prometheus appends. */
export function observeCounter(name: string, unit: string, description: string, read: () => number): void {
  meter('ps')
    .createObservableCounter(name, { unit, description })
    .addCallback((result) => result.observe(read()));
}

export function observeGauge(name: string, unit: string, description: string, read: () => number): void {
  meter('ps')
    .createObservableGauge(name, { unit, description })
    .addCallback((result) => result.observe(read()));
}

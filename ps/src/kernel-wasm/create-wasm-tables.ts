// The WebAssembly kernel as a way to make tables.
import type { TableSpec } from '@weir/proto/v1/tables';
import type { RowTable } from '../kernel/row-table.ts';
import { MEMORY_PAGES_MAX } from './kernel-instance.ts';
import { Splitter } from './splitter.ts';
import { type KernelModules, StripeInstance } from './stripe-instance.ts';
import { WasmRowTable } from './wasm-row-table.ts';

/**
 * Returns what makes empty tables. They share what splits batches, so they belong to one thread.
 * @param memoryPagesMax bound of one stripe's memory, in pages of 64 KiB; less than all in tests only.
 */
export function createWasmTables(
  modules: KernelModules,
  memoryPagesMax = MEMORY_PAGES_MAX,
): (spec: TableSpec) => RowTable {
  const splitter = new Splitter(modules.kernel, MEMORY_PAGES_MAX);
  return (spec) =>
    new WasmRowTable(spec, splitter, () => new StripeInstance(modules, splitter, memoryPagesMax));
}

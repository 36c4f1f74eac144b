export interface Topology {
  readonly epoch: number;
  readonly shards: readonly { readonly id: string; readonly address: string }[];
}

/** @param source names the text in errors. @throws WeirError CONFIGURATION naming line or field. */
export function parseTopology(_text: string, _source: string): Topology {
  throw new Error('not built yet');
}

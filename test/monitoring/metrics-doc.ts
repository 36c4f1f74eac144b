// docs/metrics.md as a program reads it, and names as the Prometheus endpoint shows them.
import { readFileSync } from 'node:fs';
import { ROOT } from '../structure/packages.ts';

export interface ListedInstrument {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly attributes: readonly string[];
  readonly meaning: string;
}

const ROW = /^\| `([a-z0-9_.]+)` \| (counter|gauge|histogram) \| `([^`]+)` \| ([^|]*) \| ([^|]+) \|$/gm;

export function listedInstruments(): ListedInstrument[] {
  const text = readFileSync(`${ROOT}/docs/metrics.md`, 'utf8');
  return [...text.matchAll(ROW)].map(([, name, kind, unit, attributes, meaning]) => ({
    name: name!,
    kind: kind!,
    unit: unit!,
    attributes: [...attributes!.matchAll(/`([^`]+)`/g)].map(([, attribute]) => attribute!),
    meaning: meaning!.replaceAll('&#124;', '|'),
  }));
}

export const prometheusName = (dotted: string): string => dotted.replaceAll('.', '_');

/** All names under which an instrument's series stand. */
export function seriesNames({ name, kind }: Pick<ListedInstrument, 'name' | 'kind'>): string[] {
  const base = prometheusName(name);
  if (kind === 'counter') return [`${base}_total`];
  return kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => base + suffix) : [base];
}

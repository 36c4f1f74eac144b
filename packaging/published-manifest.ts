// What package.json says of a package once it is compiled: the same, with its entries in dist instead of src. Pure.
// In the checkout the source runs as it is, and npm (other than pnpm) has no way to state other entries for publishing.

/** A path such as `./src/index.ts`, or paths by condition. */
export type ExportTarget = string | { readonly types: string; readonly default: string };

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, ExportTarget>>;
  readonly files?: readonly string[];
  readonly sideEffects?: boolean | readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What only the checkout needs. */
const LEFT_OUT = ['scripts', 'devDependencies', 'private'];

/** Precondition: `source` is the manifest of the checkout, whose entries stand in src. */
export function publishedManifest(source: Manifest): Manifest {
  const { bin, exports, sideEffects, ...rest } = source;
  const kept = Object.entries(rest).filter(([field]) => !LEFT_OUT.includes(field));
  return {
    ...(Object.fromEntries(kept) as Manifest),
    ...(sideEffects !== undefined && {
      sideEffects: typeof sideEffects === 'boolean' ? sideEffects : sideEffects.map(compiled),
    }),
    ...(bin && { bin: mapped(bin, (path) => compiled(path)) }),
    ...(exports && { exports: { ...mapped(exports, exported), './package.json': './package.json' } }),
  };
}

function exported(target: ExportTarget): ExportTarget {
  if (typeof target !== 'string')
    throw new Error(`exports of the checkout are paths: ${JSON.stringify(target)}`);
  const path = compiled(target);
  return path.endsWith('.js') ? { types: path.replace(/\.js$/, '.d.ts'), default: path } : path;
}

/** `./src/a.ts` → `./dist/a.js`; what is no code only moves. */
function compiled(path: string): string {
  return path.replace(/^(\.\/)?src\//, '$1dist/').replace(/\.ts$/, '.js');
}

function mapped<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

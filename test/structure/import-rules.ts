// What is wrong with a file's imports. Pure.
import { posix } from 'node:path';
import { computedImports, type Import, importsOf } from './source-code.ts';

export interface ImportRules {
  /** Per package: the packages of ours it may import. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  /** Per package: what its package.json depends on. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly mayComputeImports: readonly string[];
}

export interface File {
  readonly path: string;
  readonly packageName: string;
  readonly text: string;
  /** Tests are not shipped: they may use any package, and the root's development tools. */
  readonly isTest: boolean;
}

export function importViolations(file: File, rules: ImportRules): string[] {
  const violations = importsOf(file.text).flatMap(({ specifier, line }: Import) => {
    const reason = violation(specifier, file, rules);
    return reason === undefined ? [] : [`${file.path}:${line} imports ${specifier}: ${reason}`];
  });
  if (!rules.mayComputeImports.includes(file.path) && !file.isTest) {
    for (const line of computedImports(file.text)) {
      violations.push(`${file.path}:${line} imports what it computes: no rule can follow that`);
    }
  }
  return violations;
}

function violation(specifier: string, file: File, rules: ImportRules): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return relativeViolation(specifier, file);
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
  const ours = name.startsWith('@weir/') ? name.slice('@weir/'.length) : undefined;
  if (ours === file.packageName) return file.isTest ? undefined : 'inside a package, import by relative path';
  if (file.isTest) return undefined;
  if (ours !== undefined && !(rules.allowed[file.packageName] ?? []).includes(ours)) {
    return `${file.packageName} may not import ${ours}`;
  }
  return (rules.dependencies[file.packageName] ?? []).includes(name)
    ? undefined
    : `not among the dependencies of ${file.packageName}/package.json`;
}

function relativeViolation(specifier: string, file: File): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (!target.startsWith(`${file.packageName}/`)) return 'a relative path out of the package';
  return target.endsWith('.ts') ? undefined : 'imports of our own files end in .ts';
}

/** Lines that re-export whatever another module has. */
export function wildcardExports(file: File): string[] {
  return file.text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*export\s+\*/.test(line) ? [`${file.path}:${index + 1} exports *: name what is exported`] : [],
    );
}

// What a shell can complete: verbs, their options and arguments, as plain data.

/** What may stand there: one of these words, a path, or something only the user knows. */
export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'folder' | 'any' };

export interface CompletedOption {
  /** `--seeds`. */
  readonly name: string;
  /** One line. */
  readonly says: string;
  /** Undefined: it takes none. */
  readonly value: Value | undefined;
}

export interface Verb {
  /** `weir table create`. */
  readonly path: string;
  readonly says: string;
  readonly verbs: readonly Verb[];
  readonly options: readonly CompletedOption[];
  /** Of the first argument. */
  readonly argument: Value | undefined;
}

/** A verb and all below it. */
export function everyVerb(verb: Verb): Verb[] {
  return [verb, ...verb.verbs.flatMap(everyVerb)];
}

/** The last word of its path. */
export function nameOf({ path }: Verb): string {
  return path.slice(path.lastIndexOf(' ') + 1);
}

/** What a placeholder such as `FILE`, `name|file` or `dir` lets expect. */
export function expectedValue(placeholder: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined && choices.length > 0) return { kind: 'words', words: choices };
  if (/\b(file|path)\b/i.test(placeholder)) return { kind: 'file' };
  return { kind: /\bdir\b/i.test(placeholder) ? 'folder' : 'any' };
}

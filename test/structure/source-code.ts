// TypeScript source as text with comments, and if wanted strings, blanked out; and the imports it makes.
// A scanner, not a parser: it knows strings, templates, comments and regular expressions, and nothing else.

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Same length and lines as `source`; comments become spaces, with `strings: 'blank'` the text of strings too. */
export function blanked(source: string, strings: 'keep' | 'blank'): string {
  const out = source.split('');
  const blank = (from: number, to: number): void => {
    for (let at = from; at < Math.min(to, source.length); at++) if (out[at] !== '\n') out[at] = ' ';
  };
  // Depths of braces at which a template's `${` was entered.
  const templates: number[] = [];
  let braces = 0;
  let at = 0;
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const character = source[at]!;
    let end = at + 1;
    if (two === '//' || (two === '#!' && at === 0)) {
      end = endOf(source, '\n', at);
      blank(at, end);
    } else if (two === '/*') {
      end = endOf(source, '*/', at + 2) + 2;
      blank(at, end);
    } else if (character === "'" || character === '"') {
      end = closing(source, character, at + 1) + 1;
      if (strings === 'blank') blank(at + 1, end - 1);
    } else if (character === '/' && startsRegularExpression(source, at)) {
      end = closing(source, '/', at + 1) + 1;
      if (strings === 'blank') blank(at + 1, end - 1);
    } else if (character === '`' || (character === '}' && templates.at(-1) === braces)) {
      if (character === '}') {
        templates.pop();
        braces--;
      }
      end = closing(source, '`', at + 1);
      if (source[end] === '$') {
        if (strings === 'blank') blank(at + 1, end);
        templates.push(++braces);
        end += 2;
      } else {
        if (strings === 'blank') blank(at + 1, end);
        end++;
      }
    } else if (character === '{') braces++;
    else if (character === '}') braces--;
    at = end;
  }
  return out.join('');
}

const IMPORTS = [
  /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])(?<specifier>[^'"\n]+)\1/g,
  /\bimport\s*(['"])(?<specifier>[^'"\n]+)\1/g,
  /\bimport\s*\(\s*(['"`])(?<specifier>[^'"`\n]+)\1/g,
  /\brequire(?:\.resolve|\([^)]*\))?\s*\(\s*(['"`])(?<specifier>[^'"`\n]+)\1/g,
  /\bcreateRequire\([^)]*\)\s*\(\s*(['"`])(?<specifier>[^'"`\n]+)\1/g,
];

/** Static, side-effect, type and dynamic imports, re-exports, `require`. */
export function importsOf(source: string): Import[] {
  const code = blanked(source, 'keep');
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: match.groups!.specifier!,
      line: lineOf(code, match.index + match[0].length),
    })),
  );
}

/** Lines of dynamic imports whose target is computed, which no rule can follow. */
export function computedImports(source: string): number[] {
  const code = blanked(source, 'keep');
  return [...code.matchAll(/\bimport\s*\(\s*[^'"`\s]/g)].map((match) => lineOf(code, match.index));
}

export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found;
}

/** Position of the closing mark, or of `${` in a template. */
function closing(source: string, mark: string, from: number): number {
  let inClass = false;
  for (let at = from; at < source.length; at++) {
    const character = source[at]!;
    if (character === '\\') at++;
    else if (mark === '/' && character === '[') inClass = true;
    else if (mark === '/' && character === ']') inClass = false;
    else if (character === mark && !inClass) return at;
    else if (mark === '`' && character === '$' && source[at + 1] === '{') return at;
  }
  return source.length;
}

/** Whether a slash begins an expression's operand: after an operator, an opening bracket or a keyword. */
function startsRegularExpression(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 20), at).trimEnd();
  return /(?:^|[(,=:[!&|?{};+*%<>~^-]|\b(?:return|typeof|case|in|of|void|delete|throw|new|await|yield))$/.test(
    before,
  );
}

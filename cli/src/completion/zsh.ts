// The completion for zsh. Pure.
import { everyVerb, nameOf, type Value, type Verb } from './verb.ts';

export function zshCompletion(root: Verb): string {
  const verbs = everyVerb(root);
  const valued = verbs.flatMap(({ path, options }) =>
    options.flatMap(({ name, value }) => (value === undefined ? [] : [{ at: `${path} ${name}`, value }])),
  );
  return `#compdef ${root.path}
# Completion of ${root.path} for zsh: source <(${root.path} completion zsh), after compinit
_${root.path}() {
  local verb='${root.path}' i
  local -a below options
  for ((i = 2; i < CURRENT; i++)); do
    case "$verb $words[i]" in
${lines(verbs.slice(1), ({ path }) => `      '${path}') verb='${path}' ;;`)}
    esac
  done
  case "$verb $words[CURRENT-1]" in
${lines(valued, ({ at, value }) => `    '${at}') ${offer(value)}; return ;;`)}
  esac
  case "$verb" in
${lines(
  verbs,
  ({ path, verbs: below, options, argument }) => `    '${path}')
      options=(${options.map(({ name, says }) => described(name, says)).join(' ')})
      below=(${below.map((one) => described(nameOf(one), one.says)).join(' ')})
      if [[ $words[CURRENT] != -* && \${#below} -eq 0 ]]; then ${offer(argument ?? { kind: 'any' })}; return; fi ;;`,
)}
  esac
  if [[ $words[CURRENT] == -* ]]; then _describe option options; else _describe verb below; fi
}
if [[ $funcstack[1] == _${root.path} ]]; then _${root.path} "$@"; else compdef _${root.path} ${root.path}; fi
`;
}

function offer(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `compadd -- ${value.words.map(quoted).join(' ')}`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'any':
      return '_message value';
  }
}

/** A colon parts the word from what is said of it. */
function described(name: string, says: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${says}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function lines<T>(items: readonly T[], line: (item: T) => string): string {
  return items.map(line).join('\n');
}

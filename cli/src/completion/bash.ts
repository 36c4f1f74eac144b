// The completion for bash, from version 3.2 on. Pure.
import { everyVerb, nameOf, type Value, type Verb } from './verb.ts';

export function bashCompletion(root: Verb): string {
  const verbs = everyVerb(root);
  const valued = verbs.flatMap(({ path, options }) =>
    options.flatMap(({ name, value }) => (value === undefined ? [] : [{ at: `${path} ${name}`, value }])),
  );
  return `# Completion of ${root.path} for bash: source <(${root.path} completion bash)
_${root.path}() {
  local IFS=$'\\n' verb='${root.path}' current="\${COMP_WORDS[COMP_CWORD]}" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb \${COMP_WORDS[i]}" in
${lines(verbs.slice(1), ({ path }) => `      '${path}') verb='${path}' ;;`)}
    esac
  done
  case "$verb \${COMP_WORDS[COMP_CWORD - 1]}" in
${lines(valued, ({ at, value }) => `      '${at}') ${reply(value)}; return ;;`)}
  esac
  case "$verb" in
${lines(
  verbs,
  ({ path, verbs: below, options, argument }) => `    '${path}')
      if [[ $current == -* ]]; then ${words(options.map(({ name }) => name))}
      else ${below.length > 0 ? words(below.map(nameOf)) : reply(argument ?? { kind: 'any' })}; fi ;;`,
)}
  esac
}
complete -F _${root.path} ${root.path}
`;
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'words':
      return words(value.words);
    case 'file':
      return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))`;
    case 'folder':
      return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current"))`;
    case 'any':
      return ':';
  }
}

function words(list: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${list.join('\\n')}' -- "$current"))`;
}

function lines<T>(items: readonly T[], line: (item: T) => string): string {
  return items.map(line).join('\n');
}

// The completion for fish. Pure.
import { type CompletedOption, everyVerb, nameOf, type Value, type Verb } from './verb.ts';

export function fishCompletion(root: Verb): string {
  const verbs = everyVerb(root);
  return `# Completion of ${root.path} for fish: ${root.path} completion fish | source
function __${root.path}_verb
    set -l verb ${root.path}
    for word in (commandline -opc)[2..]
        switch "$verb $word"
            case ${verbs
              .slice(1)
              .map(({ path }) => quoted(path))
              .join(' ')}
                set verb "$verb $word"
        end
    end
    echo $verb
end
complete -c ${root.path} -e
complete -c ${root.path} -f
${verbs.flatMap((verb) => rules(root.path, verb)).join('\n')}
`;
}

function rules(program: string, { path, verbs, options, argument }: Verb): string[] {
  const here = `complete -c ${program} -n 'test (__${program}_verb) = "${path}"'`;
  return [
    ...verbs.map((below) => `${here} -a ${nameOf(below)} -d ${quoted(below.says)}`),
    ...options.map((option) => `${here} ${optionRule(option)}`),
    ...(argument === undefined ? [] : [`${here} ${valueRule(argument)}`]),
  ];
}

function optionRule({ name, says, value }: CompletedOption): string {
  const long = `-l ${name.replace(/^--?/, '')} -d ${quoted(says)}`;
  return value === undefined ? long : `${long} -r ${valueRule(value)}`;
}

function valueRule(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `-f -a ${quoted(value.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'folder':
      return `-f -a '(__fish_complete_directories)'`;
    case 'any':
      return '-f';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

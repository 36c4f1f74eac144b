// The tree of verbs, read from the commands themselves, and from the schemas of the services: nothing is listed a second time.
import type { Command, Option } from 'commander';
import type { ServiceEntry } from '../services.ts';
import { type CompletedOption, expectedValue, type Verb } from './verb.ts';

/** Loads every service, which takes a second. */
export async function verbsOf(program: Command, services: readonly ServiceEntry[]): Promise<Verb> {
  const settings = new Map<string, CompletedOption[]>();
  for (const { name, load } of services) settings.set(name, await settingsOf(load));
  return verbOf(program, program.name(), settings);
}

function verbOf(command: Command, path: string, settings: ReadonlyMap<string, CompletedOption[]>): Verb {
  const help = command.createHelp();
  const verbs = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const service = command.parent?.parent === null ? settings.get(command.name()) : undefined;
  const [argument] = command.registeredArguments;
  return {
    path,
    says: command.summary() || command.description(),
    verbs: verbs.map((one) => verbOf(one, `${path} ${one.name()}`, settings)),
    options: service ?? help.visibleOptions(command).map(optionOf),
    argument:
      argument === undefined || service !== undefined
        ? undefined
        : expectedValue(argument.name(), argument.argChoices),
  };
}

function optionOf(option: Option): CompletedOption {
  return {
    name: option.long ?? option.short!,
    says: option.description,
    value: option.required || option.optional ? expectedValue(option.flags, option.argChoices) : undefined,
  };
}

async function settingsOf(load: ServiceEntry['load']): Promise<CompletedOption[]> {
  const [{ configOptions }, service] = await Promise.all([import('@weir/runtime'), load()]);
  const settings = configOptions(service.config).map(({ flag, placeholder, choices, description, kind }) => ({
    name: `--${flag}`,
    says: description,
    value: kind === 'boolean' ? undefined : expectedValue(placeholder, choices),
  }));
  return [
    ...settings,
    { name: '--config', says: 'JSON file with settings', value: { kind: 'file' } },
    { name: '--print-config', says: 'print the settings in force', value: undefined },
    { name: '--help', says: 'say what there is', value: undefined },
  ];
}

// `npm run docs:generate`: writes the documents that are generated from code and kept in the repository.
import { readFileSync, writeFileSync } from 'node:fs';
import { withAccessRules } from './access-rules.ts';
import { commandsDocument } from './commands.ts';
import { configurationDocument } from './configuration.ts';
import { errorsDocument } from './errors.ts';

const write = (name: string, text: string): void =>
  writeFileSync(new URL(`../${name}`, import.meta.url), text);

write('commands.md', commandsDocument());
write('errors.md', errorsDocument());
write('security.md', withAccessRules(readFileSync(new URL('../security.md', import.meta.url), 'utf8')));
write('configuration.md', await configurationDocument());

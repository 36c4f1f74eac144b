// `npm run docs:generate`: writes the documents that are generated from code and kept in the repository.
import { writeFileSync } from 'node:fs';
import { configurationDocument } from './configuration.ts';
import { errorsDocument } from './errors.ts';

const write = (name: string, text: string): void =>
  writeFileSync(new URL(`../${name}`, import.meta.url), text);

write('errors.md', errorsDocument());
write('configuration.md', await configurationDocument());

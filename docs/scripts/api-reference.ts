// The API reference: a page for each export of the packages that teams import, from their docstrings (docs/reference/api).
import { fileURLToPath } from 'node:url';
import { Application, Converter, type ProjectReflection, ReflectionKind } from 'typedoc';

const path = (fromRoot: string): string => fileURLToPath(new URL(`../../${fromRoot}`, import.meta.url));

/** What a team imports, and the file behind it. The other packages are those of services, imported by `weir` alone. */
export const DOCUMENTED: Readonly<Record<string, string>> = {
  '@weir/sdk': 'sdk/src/index.ts',
  '@weir/model': 'model/src/index.ts',
  '@weir/ps/testing': 'ps/src/testing/index.ts',
  '@weir/streams/client': 'streams/src/client/index.ts',
};

/** Of typedoc-plugin-markdown. */
const MARKDOWN = {
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  entryFileName: 'index',
  indexFormat: 'table',
  parametersFormat: 'table',
  textContentMappings: { 'title.memberPage': '{name}' },
};

/** @throws where TypeDoc has something to say: an export without a docstring, a link that leads nowhere. */
export async function writeApiReference(): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    name: 'API reference',
    entryPoints: Object.values(DOCUMENTED).map(path),
    tsconfig: path('tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    // Whatever says where to write is said: TypeDoc's own default would clear docs/.
    outputs: [{ name: 'markdown', path: path('docs/reference/api') }],
    cleanOutputDir: false,
    readme: 'none',
    excludeExternals: true,
    excludePrivate: true,
    disableSources: true,
    logLevel: 'Warn',
    packagesRequiringDocumentation: ['@weir/sdk', '@weir/proto', '@weir/model', '@weir/ps', '@weir/streams'],
    // A property says by its name and type what it is, or has words of its own.
    requiredToBeDocumented: [
      'Enum',
      'Variable',
      'Function',
      'Class',
      'Interface',
      'Method',
      'Accessor',
      'TypeAlias',
    ],
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    ...MARKDOWN,
    sort: ['source-order'],
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => nameModules(project));
  const project = await app.convert();
  if (project === undefined) throw new Error('the API reference: the packages do not compile');
  app.validate(project);
  await app.generateOutputs(project);
  const { warningCount, errorCount } = app.logger;
  if (warningCount + errorCount > 0)
    throw new Error(`the API reference: ${warningCount + errorCount} warnings`);
}

/** TypeDoc calls modules after their folders; readers know them by what they import. */
function nameModules(project: ProjectReflection): void {
  const names = new Map(
    Object.entries(DOCUMENTED).map(([name, file]) => [file.replace(/\/index\.ts$/, ''), name]),
  );
  for (const module of project.getReflectionsByKind(ReflectionKind.Module))
    module.name = names.get(module.name) ?? module.name;
}

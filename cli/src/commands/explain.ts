// `weir explain SERVING_ID`: from one score to the rows, batches, samples and events behind it.
import { type Command, Option } from 'commander';
import { address, type ClusterOptions, clusterVerb, onCluster } from '../cluster-verb.ts';

interface ExplainFlags extends ClusterOptions {
  readonly streams: string;
  readonly doc?: string;
  readonly model: string;
  readonly schema?: string;
  readonly static?: string;
  readonly labels: readonly string[];
}

export function registerExplain(program: Command): void {
  const streams = new Option('--streams <HOST:PORT>', 'streams server')
    .env('WEIR_STREAMS')
    .argParser(address)
    .makeOptionMandatory();
  clusterVerb(program.command('explain'))
    .summary('from a score back to the events behind it')
    .description(
      'Tells which rows a score was made of, which push changed each of them last before it, and which samples and events ' +
        'that push was learned from: as far as shards and streams have kept them, else it says what is not known. Give ' +
        'the model as the predictor has it.',
    )
    .argument('<serving-id>', 'of the answer')
    .addOption(streams)
    .option('--doc <id>', 'which of its documents (default: the one with the highest score)')
    .option('--model <name|file>', 'built-in model, or a module of your own', 'lr')
    .option('--schema <file>', "the model's schema file")
    .option('--static <file>', "the model's static part, an ONNX file")
    .option('--labels <names>', 'as the predictor has them', (text: string) => text.split(','), ['click'])
    .addHelpText(
      'after',
      '\nExample:\n  weir explain 0d4f1c2b9a7e6358 --seeds 127.0.0.1:7070 --streams 127.0.0.1:7080 --labels click,purchase',
    )
    .action(async (servingId: string, flags: ExplainFlags) => {
      const [{ loadModel, readSchema, readStaticPart }, { connectStreams }, { explain }, text] =
        await Promise.all([
          import('@weir/model'),
          import('@weir/streams/client'),
          import('../explain/explain.ts'),
          import('../explain/explanation-text.ts'),
        ]);
      const schema = flags.schema === undefined ? undefined : await readSchema(flags.schema);
      const staticPart = flags.static === undefined ? undefined : await readStaticPart(flags.static);
      const model = await loadModel(flags.model, { schema, labels: flags.labels, staticPart });
      await onCluster(flags, async (weir, connection) => {
        const records = connectStreams({ address: flags.streams, ...connection });
        try {
          const json = await explain({ weir, streams: records, model, servingId, document: flags.doc });
          return { json, text: text.explanationText(json) };
        } finally {
          await records.close();
        }
      });
    });
}

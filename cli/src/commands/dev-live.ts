// The live view of `weir dev`: a page in the browser, fed by what the terminal shows and by what the shards say.

import { loadModel } from '@weir/model';
import {
  DocumentVectors,
  type DocumentVectorsOptions,
  type LiveServer,
  liveLook,
  type RankedDocuments,
  readBarriers,
  readStageFreshness,
  type SummaryInput,
  startLiveServer,
} from '@weir/quickstart';
import { connect } from '@weir/sdk';
import type { Loop } from '../local-cluster/loop.ts';

export interface DevLiveOptions {
  readonly listen: string;
  /** Whether other machines may reach it; it has no TLS. */
  readonly insecure: boolean;
  readonly title: string;
  readonly model: string;
  readonly labels: readonly string[];
  readonly documents: RankedDocuments;
  readonly featuresOf: DocumentVectorsOptions['featuresOf'];
}

export interface DevLive extends AsyncDisposable {
  readonly url: string;
  show(latest: SummaryInput): Promise<void>;
  end: LiveServer['end'];
}

/** @throws WeirError CONFIGURATION when it cannot listen. */
export async function openDevLive(loop: Loop, options: DevLiveOptions): Promise<DevLive> {
  const { listen, insecure, title, documents, labels, featuresOf } = options;
  const model = await loadModel(options.model, { schema: undefined, labels });
  await using opened = new AsyncDisposableStack();
  const seeds = loop.cluster.addresses.shards.map((shard) => shard.listen);
  const weir = opened.use(await connect({ seeds, clientId: 'weir-live' }));
  const vectors = new DocumentVectors({ weir, model, tableSet: loop.run.name, featuresOf });
  const server = opened.use(
    await startLiveServer({
      listen,
      security: { tls: undefined, isInsecureAllowed: insecure },
      title,
      suggest: (prefix) => documents.suggest(prefix),
      document: async (id) => {
        const requests = documents.requests(id);
        return requests === undefined ? undefined : { ...(await vectors.look(id)), requests };
      },
    }),
  );
  const closing = opened.move();
  return {
    url: server.url,
    show: async (latest) => {
      const [barriers, stages] = await Promise.all([
        readBarriers(weir, [loop.trainerGroup]),
        readStageFreshness(loop.figureSources),
      ]);
      server.show(liveLook(latest, barriers, stages));
    },
    end: (summary) => server.end(summary),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

// A static part at work, in a thread of its own: from feeds to the static vectors of a request's documents. The vectors are checked
// before anybody sees them.
import { Worker } from 'node:worker_threads';
import { STATIC_OUTPUTS, type StaticPart } from '@weir/model';
import { WeirError } from '@weir/proto';
import { STATIC_RUNS_MAX } from '../limits.ts';
import type { StaticFeed } from './static-feeds.ts';

export interface StaticQuestion {
  readonly number: number;
  readonly feeds: readonly StaticFeed[];
  readonly outputs: readonly string[];
}

export interface StaticAnswer {
  /** 0: the model is loaded. */
  readonly number: number;
  readonly outputs?: readonly Float32Array[];
  readonly failure?: string;
}

interface Waiting {
  readonly resolve: (answer: StaticAnswer) => void;
  readonly reject: (error: WeirError) => void;
}

const OUTPUTS = [STATIC_OUTPUTS.offset, STATIC_OUTPUTS.embedding];
/** Sources or published code: whichever this file is of. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './static-worker.ts' : './static-worker.js',
  import.meta.url,
);

export class StaticRunner {
  readonly #part: StaticPart;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;
  #ended: WeirError | undefined;

  /** Resolves when the model is loaded. @throws WeirError CONFIGURATION when it cannot be. */
  static async start(part: StaticPart, onnx: Uint8Array): Promise<StaticRunner> {
    const runner = new StaticRunner(part, onnx);
    try {
      await runner.#answerTo(0);
      return runner;
    } catch (error) {
      await runner.close();
      throw error;
    }
  }

  private constructor(part: StaticPart, onnx: Uint8Array) {
    this.#part = part;
    this.#worker = new Worker(WORKER, { workerData: onnx });
    this.#worker.on('message', (answer: StaticAnswer) => {
      this.#waiting.get(answer.number)?.resolve(answer);
      this.#waiting.delete(answer.number);
    });
    const end = (why: string) => this.#end(new WeirError('CONFIGURATION', `the static part ended: ${why}`));
    this.#worker.on('error', (error) => end(error.message));
    this.#worker.on('exit', (code) => end(`exit code ${code}`));
  }

  /** Numbers a document. */
  get width(): number {
    return this.#part.labels.length + this.#part.width;
  }

  /**
   * @returns documents x width: of each document the offsets, then the embedding.
   * @throws WeirError OVERLOADED when too many requests wait; CONFIGURATION when the model fails on the request, or gives
   * something else than it says.
   */
  async run(feeds: readonly StaticFeed[], documents: number): Promise<Float32Array> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#waiting.size >= STATIC_RUNS_MAX) {
      throw new WeirError('OVERLOADED', `${STATIC_RUNS_MAX} requests wait for the static part`);
    }
    const number = ++this.#number;
    const question: StaticQuestion = { number, feeds, outputs: OUTPUTS };
    const answering = this.#answerTo(number);
    this.#worker.postMessage(question);
    const { outputs, failure } = await answering;
    if (outputs === undefined) throw new WeirError('CONFIGURATION', `the static part failed: ${failure}`);
    return this.#interleaved(outputs[0]!, outputs[1]!, documents);
  }

  /** What still waits is rejected. */
  async close(): Promise<void> {
    this.#end(new WeirError('CANCELLED', 'the static part was closed'));
    await this.#worker.terminate();
  }

  #answerTo(number: number): Promise<StaticAnswer> {
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
  }

  #end(error: WeirError): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #interleaved(offsets: Float32Array, embeddings: Float32Array, documents: number): Float32Array {
    const { labels, width } = this.#part;
    const [heads, all] = [labels.length, this.width];
    if (offsets.length !== documents * heads || embeddings.length !== documents * width) {
      const given = `${offsets.length} offsets and ${embeddings.length} numbers of embeddings`;
      throw new WeirError('CONFIGURATION', `the static part gave ${given} for ${documents} documents`);
    }
    const vectors = new Float32Array(documents * all);
    for (let i = 0; i < documents; i++) {
      vectors.set(offsets.subarray(i * heads, (i + 1) * heads), i * all);
      vectors.set(embeddings.subarray(i * width, (i + 1) * width), i * all + heads);
    }
    if (vectors.every(Number.isFinite)) return vectors;
    throw new WeirError('CONFIGURATION', 'the static part gave numbers that are not finite');
  }
}

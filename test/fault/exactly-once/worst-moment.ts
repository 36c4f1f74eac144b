// Signals that ask a service to do something to itself at its next worst moment. SIGUSR2: kill itself with SIGKILL when
// something that must not be done twice has just become durable, and nobody has been told. SIGWINCH: stop with SIGSTOP when
// it has made up its mind to change something for others and has not begun: what it does on waking is that.
// A service without such a moment here dies of SIGUSR2 at once, and hears nothing of SIGWINCH, as all processes do.
import { say } from './words.ts';

export const KILL_SIGNAL = 'SIGUSR2';
export const SLEEP_SIGNAL = 'SIGWINCH';

/** @param folder where it says that it is asleep. */
export async function heedSignals(service: string, folder: string): Promise<void> {
  const { afterDurable, beforeChange } = MOMENTS[service] ?? {};
  if (afterDurable !== undefined) await afterDurable(once(KILL_SIGNAL, () => end('SIGKILL')));
  if (beforeChange === undefined) return;
  const fallAsleep = (): void => {
    say(folder, 'asleep');
    end('SIGSTOP');
  };
  await beforeChange(once(SLEEP_SIGNAL, fallAsleep));
}

function end(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
}

/** Once asked by `heard`, the next call does it. */
function once(heard: NodeJS.Signals, act: () => void): () => void {
  let isAsked = false;
  process.on(heard, () => {
    isAsked = true;
  });
  return () => {
    if (!isAsked) return;
    isAsked = false;
    act();
  };
}

interface Moments {
  readonly afterDurable?: (reached: () => void) => Promise<void>;
  readonly beforeChange?: (reached: () => void) => Promise<void>;
}

const MOMENTS: Readonly<Record<string, Moments>> = {
  streams: { afterDurable: afterProducersAppend },
  stitcher: { afterDurable: afterAcknowledgedAppend, beforeChange: beforeAppend },
  collector: { afterDurable: afterAcknowledgedAppend },
  predictor: { afterDurable: afterAcknowledgedAppend },
  trainer: { afterDurable: afterAcknowledgedPush, beforeChange: beforePush },
};

/** An append with more than progress is durable, its producer does not know. */
async function afterProducersAppend(reached: () => void): Promise<void> {
  const [{ StreamsCore }, { decodeRecord }] = await Promise.all([
    import('../../../streams/src/core/streams-core.ts'),
    import('../../../streams/src/wire/record-codec.ts'),
  ]);
  const { append } = StreamsCore.prototype;
  StreamsCore.prototype.append = async function (appended) {
    const result = await append.call(this, appended);
    const { producer, records } = appended;
    const isOfWeight = records.some((record) => decodeRecord(record).progressTimeMs === undefined);
    if (producer !== undefined && isOfWeight) reached();
    return result;
  };
}

/** The append is done: an outbox still holds it, a caller has no answer. */
async function afterAcknowledgedAppend(reached: () => void): Promise<void> {
  const { AppendJob } = await import('../../../streams/src/client/append-job.ts');
  const { resolve } = AppendJob.prototype;
  AppendJob.prototype.resolve = function (result) {
    reached();
    resolve.call(this, result);
  };
}

/** What the step gave is to leave. */
async function beforeAppend(reached: () => void): Promise<void> {
  const { OutboxSender } = await import('../../../stitcher/src/server/outbox-sender.ts');
  const { send } = OutboxSender.prototype;
  OutboxSender.prototype.send = function (entries, durable) {
    if (entries.length > 0) reached();
    send.call(this, entries, durable);
  };
}

/** The rows are in the shards, nothing else says so. */
async function afterAcknowledgedPush(reached: () => void): Promise<void> {
  const { Weir } = await import('../../../sdk/src/weir.ts');
  const { push } = Weir.prototype;
  Weir.prototype.push = async function (parts, options) {
    const result = await push.call(this, parts, options);
    if (parts.some(({ keys }) => keys.length > 0)) reached();
    return result;
  };
}

/** A frame with ranges of its generation is on its way to the connection; nothing takes it back. */
async function beforePush(reached: () => void): Promise<void> {
  const [{ ShardStream }, { OutgoingMessage }] = await Promise.all([
    import('../../../sdk/src/shard-stream.ts'),
    import('../../../sdk/src/outgoing-message.ts'),
  ]);
  const { write } = ShardStream.prototype;
  ShardStream.prototype.write = function (message, written) {
    if (message instanceof OutgoingMessage) reached();
    write.call(this, message, written);
  };
}

// SIGUSR2 asks a service to kill itself with SIGKILL at its next worst moment: when something that it, or others, must not
// do twice has just become durable, and nobody has been told. A service without such a moment here dies at once, as
// processes do that do not know the signal.

export async function dieAtWorstMoment(service: string): Promise<void> {
  const moments = MOMENTS[service];
  if (moments === undefined) return;
  let isAsked = false;
  process.on('SIGUSR2', () => {
    isAsked = true;
  });
  await moments(() => {
    if (isAsked) process.kill(process.pid, 'SIGKILL');
  });
}

const MOMENTS: Readonly<Record<string, (reached: () => void) => Promise<void>>> = {
  streams: afterProducersAppend,
  stitcher: afterAcknowledgedAppend,
  collector: afterAcknowledgedAppend,
  predictor: afterAcknowledgedAppend,
  trainer: afterAcknowledgedPush,
};

/** The append is durable, its producer does not know. */
async function afterProducersAppend(reached: () => void): Promise<void> {
  const { StreamsCore } = await import('../../../streams/src/core/streams-core.ts');
  const { append } = StreamsCore.prototype;
  StreamsCore.prototype.append = async function (appended) {
    const result = await append.call(this, appended);
    if (appended.producer !== undefined) reached();
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

/** The rows are in the shards, nothing else says so. */
async function afterAcknowledgedPush(reached: () => void): Promise<void> {
  const { Weir } = await import('../../../sdk/src/weir.ts');
  const { push } = Weir.prototype;
  Weir.prototype.push = async function (parts, options) {
    const result = await push.call(this, parts, options);
    reached();
    return result;
  };
}

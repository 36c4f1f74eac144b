import { describe, expect, it } from 'vitest';
import { CallScope } from './call-scope.ts';
import { Calls } from './calls.ts';

describe('CallScope', () => {
  it('ends at its deadline with DEADLINE_EXCEEDED that names what and where', async () => {
    using scope = new CallScope('pull of default/doc', { timeoutMs: 5 });
    await scope.done;
    expect(scope.error('shard-1')).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: 'pull of default/doc: no answer within 5 ms, waiting for shard-1',
    });
  });

  it('ends with its signal, at once when that is aborted already, and keeps the reason', () => {
    const signal = AbortSignal.abort('enough');
    using scope = new CallScope('push', { signal });
    expect(scope.ended).toBe(true);
    expect(scope.error()).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
  });

  it('tells each listener once, also one that comes too late, and none that left', () => {
    const controller = new AbortController();
    using scope = new CallScope('push', { signal: controller.signal });
    const heard: string[] = [];
    scope.onEnd(() => heard.push('early'));
    scope.onEnd(() => heard.push('left'))();
    controller.abort();
    scope.onEnd(() => heard.push('late'));
    expect(heard).toEqual(['early', 'late']);
  });

  it('wakes a sleeper when it ends', async () => {
    const controller = new AbortController();
    using scope = new CallScope('push', { signal: controller.signal });
    const sleeping = scope.sleep(1_000_000);
    controller.abort();
    await sleeping;
    expect(scope.ended).toBe(true);
  });

  it('calls off what still runs, and lets nothing begin, once the call has its answer', () => {
    const scope = new CallScope('push', {});
    let told = false;
    scope.onEnd(() => {
      told = true;
    });
    scope[Symbol.dispose]();
    expect(told).toBe(true);
    expect(() => scope.throwIfEnded()).toThrow('the call is over');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses timeoutMs %s', (timeoutMs) => {
    expect(() => new CallScope('push', { timeoutMs })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('Calls', () => {
  it('drains when the last call under way is over, and lets none begin meanwhile', async () => {
    const calls = new Calls(1_000);
    const first = calls.begin('pull', undefined);
    using drain = new CallScope('drain');
    let drained = false;
    const draining = calls.drain(drain).then(() => {
      drained = true;
    });
    expect(() => calls.begin('push', undefined)).toThrow(/draining/);
    await Promise.resolve();
    expect(drained).toBe(false);
    first[Symbol.dispose]();
    await draining;
    expect(drained).toBe(true);
  });

  it('ends every call under way when it closes', () => {
    const calls = new Calls(1_000);
    const scopes = [calls.begin('pull', undefined), calls.begin('push', undefined)];
    calls.close();
    expect(scopes.map((scope) => scope.error().message)).toEqual([
      'pull: the client is closed',
      'push: the client is closed',
    ]);
  });
});

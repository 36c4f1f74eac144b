import type { WeirError } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { parseTopology } from './topology.ts';

const shard = (id: unknown, address: unknown) => ({ id, address });

/** The error's message; fails unless it is CONFIGURATION and names the source. */
function refusalOf(content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  try {
    parseTopology(text, 'topology.json');
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect((error as WeirError).message).toMatch(/^topology topology\.json: /);
    return (error as WeirError).message;
  }
  throw new Error(`${text} was taken`);
}

describe('parseTopology', () => {
  it('reads epoch and shards', () => {
    const text =
      '{"epoch": 3, "shards": [{"id": "shard-0", "address": "127.0.0.1:7070"}, {"id": "b", "address": "[::1]:7071"}]}';
    expect(parseTopology(text, 'topology.json')).toEqual({
      epoch: 3,
      shards: [shard('shard-0', '127.0.0.1:7070'), shard('b', '[::1]:7071')],
    });
  });

  it('quotes the place that is not JSON', () => {
    expect(refusalOf('{\n  "epoch": 1,\n  "shards": [,]\n}')).toContain('"shards": [,]');
    expect(refusalOf('')).toContain('not JSON');
  });

  it('names the field that is wrong', () => {
    const a = shard('a', 'host:1');
    expect(refusalOf({ shards: [a] })).toContain('epoch: ');
    expect(refusalOf({ epoch: 0, shards: [a] })).toContain('epoch: ');
    expect(refusalOf({ epoch: 1.5, shards: [a] })).toContain('epoch: ');
    expect(refusalOf({ epoch: 1, shards: [] })).toContain('shards: ');
    expect(refusalOf({ epoch: 1, shards: [a, shard('b c', 'host:2')] })).toContain('shards[1].id: ');
    expect(refusalOf({ epoch: 1, shards: [a, shard('', 'host:2')] })).toContain('shards[1].id: ');
    expect(refusalOf({ epoch: 1, shards: [shard('a', 'host')] })).toContain('shards[0].address: ');
    expect(refusalOf({ epoch: 1, shards: [shard('a', 'host:70000')] })).toContain('shards[0].address: ');
    expect(refusalOf({ epoch: 1, shards: [shard('a', 'http://host:1')] })).toContain('shards[0].address: ');
    expect(refusalOf({ epoch: 1, shards: [{ id: 'a' }] })).toContain('shards[0].address: ');
    expect(refusalOf([])).toContain('file: ');
  });

  it('refuses fields that it does not know, by name', () => {
    expect(refusalOf({ epoch: 1, shards: [shard('a', 'h:1')], replicas: 3 })).toContain('replicas');
    expect(refusalOf({ epoch: 1, shards: [{ ...shard('a', 'h:1'), adress: 'h:2' }] })).toContain('adress');
  });

  it('refuses two shards of one id or one address', () => {
    const twice = (first: object, second: object) => refusalOf({ epoch: 1, shards: [first, second] });
    expect(twice(shard('a', 'h:1'), shard('a', 'h:2'))).toContain('shards[1].id: "a" stands at shards[0]');
    expect(twice(shard('a', 'h:1'), shard('b', 'h:1'))).toContain(
      'shards[1].address: "h:1" stands at shards[0]',
    );
  });
});

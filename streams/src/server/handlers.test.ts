import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { StreamsClient as Stub } from '@weir/proto/v1/streams';
import { describe, expect, it } from 'vitest';
import { connectStreams } from '../client/index.ts';
import { NO_METRICS, serve, temporaryRocksStore } from '../testing/implementations.ts';

describe('the streams server', () => {
  it('sends a reader that does not take them only a bounded number of bytes ahead', async () => {
    const { store, remove } = await temporaryRocksStore();
    let sentBytes = 0;
    const server = await serve(store, {
      ...NO_METRICS,
      sent: (_, bytes) => {
        sentBytes += bytes;
      },
    });
    const client = connectStreams({ address: server.address });
    await client.create('features', 1);
    const value = Buffer.alloc(100_000, 1);
    for (let call = 0; call < 10; call++) {
      await client.append(
        'features',
        0,
        Array.from({ length: 40 }, () => ({ value })),
      );
    }
    let records = 0;
    for await (const batch of client.read('features', 0, { offset: 0 })) {
      if (records === 0) {
        await sleep(300);
        expect(sentBytes).toBeLessThan(20_000_000);
      }
      records += batch.records.length;
    }
    expect(records).toBe(400);
    expect(sentBytes).toBeGreaterThan(40_000_000);
    await client.close();
    await server.stop();
    await store.close();
    await remove();
  });

  it('speaks plain Protobuf to any client', async () => {
    const { store, remove } = await temporaryRocksStore();
    const server = await serve(store, NO_METRICS);
    const stub = new Stub(server.address, credentials.createInsecure());
    const record = { offset: 0, value: Buffer.from('v'), headers: [], appendTimeMs: 0 };
    await new Promise((resolve) => stub.createStream({ stream: 's', partitions: 1 }, resolve));
    const append = (partition: number): Promise<number | string> =>
      new Promise((resolve) => {
        const request = { stream: 's', partition, firstSequence: 0, records: [record, record] };
        stub.append({ ...request, producer: undefined }, (error: ServiceError | null, response) => {
          resolve(error === null ? response.endOffset : WeirError.from(error).code);
        });
      });
    expect(await append(0)).toBe(2);
    expect(await append(1)).toBe('INVALID_ARGUMENT');
    const reading = stub.read({ stream: 's', partition: 0, offset: 1, follow: false, incarnation: '' });
    for await (const response of reading) {
      expect(response.endOffset).toBe(2);
      expect(response.records).toMatchObject([{ offset: 1, value: Buffer.from('v') }]);
    }
    const outcomeOf = (bytes: number[]): Promise<string> =>
      new Promise((resolve) => {
        const asIs = (b: Buffer): Buffer => b;
        stub.makeUnaryRequest('/weir.v1.Streams/Append', asIs, asIs, Buffer.from(bytes), (error) =>
          resolve(error === null ? 'appended' : WeirError.from(error).code),
        );
      });
    expect(await outcomeOf([0x2a, 0x7f])).toBe('INVALID_ARGUMENT');
    // To stream "s": a good record, and one that ends in the middle of its value. No reader would come past it.
    const toStream = [0x0a, 0x01, 0x73, 0x2a, 0x03, 0x12, 0x01, 0x76];
    expect(await outcomeOf([...toStream, 0x2a, 0x02, 0x12, 0x7f])).toBe('INVALID_ARGUMENT');
    expect(await outcomeOf(toStream)).toBe('appended');
    expect(await append(0)).toBe(5);
    stub.close();
    await server.stop();
    await store.close();
    await remove();
  });
});

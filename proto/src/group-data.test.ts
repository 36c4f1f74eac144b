import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GroupResultChunk, SyncRequest } from './gen/weir/v1/groups.ts';
import { groupDataHead } from './group-data.ts';

it('makes of data what the generated code reads as a message with data alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      const message = Buffer.concat([groupDataHead(data.length), data]);
      expect(Buffer.from(SyncRequest.decode(message).data)).toEqual(Buffer.from(data));
      expect(SyncRequest.decode(message).start).toBeUndefined();
      expect(Buffer.from(GroupResultChunk.decode(message).data)).toEqual(Buffer.from(data));
      expect(GroupResultChunk.decode(message).result).toBeUndefined();
    }),
  );
});

// Several pushes for one shard as one frame: each table's rows together, push by push, so that a key that occurs in two
// of them is updated in their order. Pure but for the memory.
import { PushFrame } from '@weir/proto';
import type { FrameMemory } from './frame-memory.ts';
import type { ShardPush, TableRows } from './push-frames.ts';

/** @param pushes together at most a frame. */
export function mergedFrame(pushes: readonly ShardPush[], memory: FrameMemory): PushFrame {
  const byTable = new Map<string, TableRows[]>();
  for (const { tables } of pushes) {
    for (const rows of tables) {
      const known = byTable.get(rows.table.uid);
      if (known === undefined) byTable.set(rows.table.uid, [rows]);
      else known.push(rows);
    }
  }
  const parts = [...byTable.values()];
  const frame = new PushFrame(
    parts.map((pieces) => {
      const { uid, dim } = pieces[0]!.table;
      return { tableUid: uid, dim, rows: pieces.reduce((sum, { keys }) => sum + keys.length / 2, 0) };
    }),
    memory.take,
  );
  parts.forEach((pieces, i) => {
    let keysAt = 0;
    let valuesAt = 0;
    for (const { keys, values } of pieces) {
      frame.keys[i]!.set(keys, keysAt);
      frame.values[i]!.set(values, valuesAt);
      keysAt += keys.length;
      valuesAt += values.length;
    }
  });
  return frame;
}

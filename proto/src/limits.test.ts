import { describe, expect, it } from 'vitest';
import {
  DIM_MAX,
  FRAME_BYTES,
  MESSAGE_BYTES_MAX,
  PULL_BYTES_MAX,
  PUSH_BYTES_MAX,
  RECORD_BYTES_MAX,
  SLOT_COUNT,
} from './limits.ts';

describe('limits', () => {
  it('stand as clients and stored folders know them', () => {
    expect({ SLOT_COUNT, DIM_MAX, PUSH_BYTES_MAX, PULL_BYTES_MAX, MESSAGE_BYTES_MAX }).toEqual({
      SLOT_COUNT: 1024,
      DIM_MAX: 4096,
      PUSH_BYTES_MAX: 16_777_216,
      PULL_BYTES_MAX: 16_777_216,
      MESSAGE_BYTES_MAX: 33_554_432,
    });
  });

  it('leave a message room for the largest push, pull and record, and a frame for the widest row', () => {
    const headroom = 1024 * 1024;
    for (const bytes of [PUSH_BYTES_MAX, PULL_BYTES_MAX, RECORD_BYTES_MAX]) {
      expect(bytes + headroom).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    }
    expect(8 + 4 * DIM_MAX).toBeLessThanOrEqual(FRAME_BYTES);
  });
});

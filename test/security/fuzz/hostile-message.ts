// Hostile messages: bent copies of valid ones, and bytes that never were any. Each names how it was made.
import type { Random } from './random.ts';
import {
  BYTES,
  bytesField,
  FIXED32,
  FIXED64,
  type Field,
  parse,
  VARINT,
  varint,
  walk,
  write,
} from './wire.ts';

export interface HostileMessage {
  readonly bytes: Buffer;
  readonly kind: string;
}

/** A longer one is rare: it costs the attacker as much as the server. */
const LONG_BYTES = 64 * 1024;
const NESTED_DEEP = 20_000;

const NUMBERS = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 127n, 128n, 255n, 256n, 1023n, 1024n, 4095n, 4096n, 4097n, 65_535n, 65_536n],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 5n],
];
const FLOATS = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, 1e-40, 1e-310],
  ...[3.4028235e38, 3.5e38, -1.7976931348623157e308, -1, 0.1, 2 ** 53, 65_504, 65_520],
];
const TEXTS = [
  Buffer.from(''),
  Buffer.from('\0'),
  Buffer.from('__proto__'),
  Buffer.from('constructor'),
  Buffer.from('../../etc/passwd'),
  Buffer.from('a\r\nb: c'),
  Buffer.from('%s%n%x'),
  Buffer.from('😀'.repeat(60)),
  Buffer.from('é'.repeat(101)),
  Buffer.from('x'.repeat(199)),
  Buffer.from('x'.repeat(200)),
  Buffer.from('x'.repeat(201)),
  Buffer.from('y'.repeat(9_000)),
  // Not UTF-8: a lone continuation, a surrogate half, an overlong slash, a cut character.
  Buffer.from([0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xf0, 0x9f, 0x98]),
  Buffer.alloc(64, 0xff),
];

const fieldsOf = (message: Buffer): Field[] => parse(message) ?? [bytesField(1, message)];

function hostileNumbers(random: Random): Buffer {
  const count = random.pick([1, 1, 2, 3, 16, 17]);
  const bytes = Buffer.alloc(count * 8);
  for (let i = 0; i < count; i++) {
    if (random.chance(0.5)) bytes.writeDoubleLE(random.pick(FLOATS), i * 8);
    else {
      bytes.writeFloatLE(Math.fround(random.pick(FLOATS)), i * 8);
      bytes.writeFloatLE(Math.fround(random.pick(FLOATS)), i * 8 + 4);
    }
  }
  return bytes.subarray(0, random.pick([bytes.length, bytes.length, bytes.length / 2, bytes.length - 1]));
}

/** One or a few numbers of a packed array become what no arithmetic likes. */
function poisoned(payload: Buffer, random: Random): Buffer {
  const copy = Buffer.from(payload);
  if (copy.length < 8) return hostileNumbers(random);
  const at = random.below(copy.length - 7) & (random.chance(0.8) ? ~3 : ~0);
  if (random.chance(0.5)) copy.writeFloatLE(Math.fround(random.pick(FLOATS)), at);
  else copy.writeDoubleLE(random.pick(FLOATS), at);
  return copy;
}

function resized(payload: Buffer, random: Random): Buffer {
  const { length } = payload;
  const wanted = random.pick([
    0,
    1,
    length - 1,
    length + 1,
    length - 4,
    length + 4,
    length + 8,
    length * 2,
    length >> 1,
  ]);
  const bytes = Buffer.alloc(Math.max(0, Math.min(wanted, LONG_BYTES)));
  payload.copy(bytes);
  return bytes;
}

function bentPayload(field: Field, random: Random): Buffer {
  if (field.type === VARINT) return varint(random.pick(NUMBERS), random.pick([1, 1, 1, 5, 10, 11]));
  if (field.type === FIXED32) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(Math.fround(random.pick(FLOATS)));
    return bytes;
  }
  if (field.type === FIXED64) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(random.pick(FLOATS));
    return bytes;
  }
  switch (random.below(6)) {
    case 0:
      return random.pick(TEXTS);
    case 1:
      return hostileNumbers(random);
    case 2:
      return poisoned(field.payload, random);
    case 3:
      return random.bytes(random.below(64));
    default:
      return resized(field.payload, random);
  }
}

const WIRE_TYPES = [0, 1, 2, 3, 4, 5, 6, 7];

/** How a field, or its place among others, is bent. */
const BENDS: Readonly<Record<string, (list: Field[], index: number, random: Random) => void>> = {
  payload: (list, index, random) => {
    const field = list[index]!;
    list[index] = { ...field, payload: bentPayload(field, random), inner: undefined };
  },
  dropped: (list, index) => void list.splice(index, 1),
  repeated: (list, index, random) => {
    const times = random.pick([1, 2, 8, 200, 1_100]);
    list.splice(
      index,
      0,
      ...new Array<Field>(list[index]!.payload.length * times > LONG_BYTES ? 1 : times).fill(list[index]!),
    );
  },
  moved: (list, index, random) => {
    const [field] = list.splice(index, 1);
    list.splice(random.below(list.length + 1), 0, field!);
  },
  'other type': (list, index, random) => {
    list[index] = { ...list[index]!, type: random.pick(WIRE_TYPES), inner: undefined };
  },
  'other number': (list, index, random) => {
    list[index] = {
      ...list[index]!,
      number: random.pick([0, 1, 2, 3, 4, 5, 15, 16, 2047, 19_000, 536_870_911]),
    };
  },
  'declared length': (list, index, random) => {
    list[index] = {
      ...list[index]!,
      type: BYTES,
      length: random.pick([...NUMBERS, BigInt(list[index]!.payload.length + 1)]),
    };
  },
  unknown: (list, index, random) => {
    list.splice(index, 0, bytesField(random.pick([99, 4_000, 70_000]), random.bytes(random.below(200))));
  },
  nested: (list, index, random) => {
    let payload = list[index]!.payload;
    for (let depth = random.pick([1, 2, 40, 300]); depth > 0 && payload.length < LONG_BYTES; depth--) {
      payload = write([bytesField(list[index]!.number, payload)]);
    }
    list[index] = { ...list[index]!, type: BYTES, payload, inner: undefined };
  },
};
const BEND_NAMES = Object.keys(BENDS);

function bent(valid: Buffer, random: Random): HostileMessage {
  const fields = fieldsOf(valid);
  const kinds: string[] = [];
  for (let bends = random.pick([1, 1, 1, 2, 2, 5]); bends > 0; bends--) {
    const places = [...walk(fields)];
    if (places.length === 0) break;
    const { list, index } = random.pick(places);
    const kind = random.pick(BEND_NAMES);
    kinds.push(`${kind} of field ${list[index]!.number}`);
    BENDS[kind]!(list, index, random);
  }
  return { bytes: write(fields), kind: kinds.join(', ') };
}

function damaged(valid: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(valid);
  for (let flips = random.pick([1, 1, 2, 8]); flips > 0 && bytes.length > 0; flips--) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  }
  return bytes;
}

/** Groups, which nobody uses any more, are what readers still step over by recursion: field 3 opens one, again and again. */
const groupsWithin = (depth: number): Buffer => Buffer.alloc(depth, 0x1b);

/** The `number`-th hostile message after these valid ones: the first ones are cut at every length. */
export function hostileMessage(valid: readonly Buffer[], number: number, random: Random): HostileMessage {
  const base = random.pick(valid);
  // Every length, as long as they are not most of what there is.
  const cut = valid.find(({ length }) => number < length && length < 400);
  if (cut !== undefined) return { bytes: cut.subarray(0, number), kind: `cut at ${number}` };
  switch (random.below(20)) {
    case 0:
      return { bytes: base.subarray(0, random.below(base.length + 1)), kind: 'cut' };
    case 1:
      return { bytes: random.bytes(random.pick([0, 1, 2, 7, 8, 9, 63, 64, 65, 1_000])), kind: 'noise' };
    case 2:
    case 3:
    case 4:
      return { bytes: damaged(base, random), kind: 'flipped bits' };
    case 5:
      return { bytes: Buffer.concat([base, random.pick(valid)]), kind: 'two in one' };
    case 6:
      return random.chance(0.1)
        ? { bytes: groupsWithin(NESTED_DEEP), kind: 'deep groups' }
        : { bytes: Buffer.concat([base, groupsWithin(random.below(100))]), kind: 'groups' };
    case 7:
      return random.chance(0.02)
        ? { bytes: Buffer.concat([base, write([bytesField(98, Buffer.alloc(LONG_BYTES))])]), kind: 'long' }
        : { bytes: Buffer.alloc(random.below(300), random.below(256)), kind: 'one byte many times' };
    default:
      return bent(base, random);
  }
}

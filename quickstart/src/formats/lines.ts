// The lines of a text file, plain or gzip, in memory one chunk at a time.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WeirError } from '@weir/proto';
import { LINE_BYTES_MAX } from '../limits.ts';
import type { OnBadLine } from './record.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end. */
  readonly text: string;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * Every line that is not empty. A line longer than LINE_BYTES_MAX is a bad line; it is never held whole.
 * @throws WeirError CONFIGURATION when the file cannot be read, CORRUPT when a gzip file is cut off.
 */
export async function* readLines(path: string, onBadLine: OnBadLine): AsyncGenerator<Line> {
  let number = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (end: Buffer): Line | undefined => {
    number++;
    const bytes = restBytes === 0 ? end : Buffer.concat([...rest, end]);
    const length = restBytes + end.length;
    rest = [];
    restBytes = 0;
    if (length > LINE_BYTES_MAX) {
      onBadLine(number, `longer than ${LINE_BYTES_MAX} bytes`);
      return undefined;
    }
    const text = bytes.toString('utf8', 0, bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length);
    return text === '' ? undefined : { number, text };
  };
  for await (const chunk of chunksOf(path)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = take(chunk.subarray(start, end));
      if (line !== undefined) yield line;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    const tail = chunk.subarray(start);
    restBytes += tail.length;
    // Of a line that is too long already only the length is kept.
    if (restBytes <= LINE_BYTES_MAX) rest.push(tail);
    else rest = [];
  }
  if (restBytes > 0) {
    const line = take(Buffer.alloc(0));
    if (line !== undefined) yield line;
  }
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    const gzip = await isGzip(path);
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    // `pipeline` destroys the file when the reader leaves early; errors come out of the iteration.
    const stream = gzip ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file;
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw readError(path, error);
  }
}

/** By content: a file's name may say anything. */
async function isGzip(path: string): Promise<boolean> {
  await using file = await open(path);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && GZIP_MAGIC.every((byte, index) => buffer[index] === byte);
}

function readError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('Z_') || code === 'ERR_TRAILING_JUNK_AFTER_STREAM_END') {
    return new WeirError('CORRUPT', `${path}: not a whole gzip file; fetch it again`, { cause: error });
  }
  if (code.startsWith('E')) {
    const message = error instanceof Error ? error.message : code;
    return new WeirError('CONFIGURATION', `input ${path} cannot be read: ${message}`, { cause: error });
  }
  return error;
}

// NDJSON, the replay's own format (docs/replay-format.md): one request or event a line, sorted by time.

import { encodeFeatureBlock, type FeatureBlockInput } from '@weir/model';
import { DOCUMENTS_MAX, WeirError } from '@weir/proto';
import { readLines } from './lines.ts';
import {
  BadLine,
  type EventRecord,
  type OnBadLine,
  type ReplayRecord,
  type RequestRecord,
} from './record.ts';

/** A file's records; a line that cannot be used, or whose time is below that of a line before, is a bad line. */
export async function* readNdjson(path: string, onBadLine: OnBadLine): AsyncGenerator<ReplayRecord> {
  let latest = { timeMs: Number.NEGATIVE_INFINITY, line: 0 };
  for await (const { number, text } of readLines(path, onBadLine)) {
    let record: ReplayRecord;
    try {
      record = parseNdjsonLine(text);
      if (record.timeMs < latest.timeMs) {
        throw new BadLine(
          `time ${record.timeMs} is below ${latest.timeMs} of line ${latest.line}; sort by time`,
        );
      }
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      onBadLine(number, error.message);
      continue;
    }
    latest = { timeMs: record.timeMs, line: number };
    yield record;
  }
}

/** @throws BadLine with the reason. */
export function parseNdjsonLine(text: string): ReplayRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new BadLine(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const line = object(parsed, 'the line');
  if (line.kind === 'request') return request(line);
  if (line.kind === 'event') return event(line);
  throw new BadLine(`kind is ${show(line.kind)}, not "request" or "event"`);
}

type Json = Readonly<Record<string, unknown>>;

function request(line: Json): RequestRecord {
  const timeMs = time(line.time);
  const servingId = text(line.id, 'id');
  if (!Array.isArray(line.docs) || line.docs.length === 0)
    throw new BadLine('docs must be an array of documents');
  if (line.docs.length > DOCUMENTS_MAX) {
    throw new BadLine(`${line.docs.length} docs in one request, more than ${DOCUMENTS_MAX}`);
  }
  const docs = line.docs.map((doc: unknown, row) => {
    const fields = object(doc, `docs[${row}]`);
    text(fields.id, `docs[${row}].id`);
    if (fields.features !== undefined) object(fields.features, `docs[${row}].features`);
    if (fields.exposure !== undefined) object(fields.exposure, `docs[${row}].exposure`);
    return fields as FeatureBlockInput['docs'][number] & { readonly id: string };
  });
  const docIds = docs.map(({ id }) => id);
  if (new Set(docIds).size < docIds.length) {
    throw new BadLine(
      `document ${show(docIds.find((id, row) => docIds.indexOf(id) < row))} stands twice in docs`,
    );
  }
  const context = line.context === undefined ? {} : object(line.context, 'context');
  return {
    kind: 'request',
    timeMs,
    servingId,
    user: optionalText(line.user, 'user'),
    scene: optionalText(line.scene, 'scene'),
    docIds,
    features: encode({ context: context as NonNullable<FeatureBlockInput['context']>, docs }),
  };
}

function event(line: Json): EventRecord {
  const value = line.value ?? 1;
  if (typeof value !== 'number') throw new BadLine(`value is ${show(value)}, not a number`);
  return {
    kind: 'event',
    timeMs: time(line.time),
    eventId: text(line.id, 'id'),
    type: text(line.type, 'type'),
    servingId: optionalText(line.request, 'request'),
    user: optionalText(line.user, 'user'),
    docId: optionalText(line.doc, 'doc'),
    value,
  };
}

/** The encoder checks every value; what it refuses is the line's fault. */
function encode(input: FeatureBlockInput): Uint8Array {
  try {
    return encodeFeatureBlock(input);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'INVALID_ARGUMENT') throw new BadLine(error.message);
    throw error;
  }
}

/** Whole milliseconds since 1970, within what a Date can hold. */
function time(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 8.64e15) return value;
  throw new BadLine(`time is ${show(value)}, not Unix milliseconds`);
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new BadLine(`${name} is ${show(value)}, not a non-empty string`);
}

function optionalText(value: unknown, name: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new BadLine(`${name} is ${show(value)}, not a string`);
}

function object(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new BadLine(`${name} is ${show(value)}, not an object`);
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value)?.slice(0, 60) ?? 'missing');
}

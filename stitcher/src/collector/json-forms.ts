// The JSON forms of `POST /v1/features` and `POST /v1/events`: the lines of a replay file (docs/replay-format.md), one
// object, an array of them, or `{"records": [...]}` / `{"events": [...]}`.
//
//   features  {"id":"serving id","time":MS,"user":"u","scene":"s","context":{...},"keep_probability":1,
//              "docs":[{"id":"d","features":{...},"exposure":{...},"position":1,"scores":{"click":0.1},"exposed":true}]}
//   event     {"id":"event id","time":MS,"type":"click","request":"serving id or absent","user":"u","session":"s",
//              "doc":"d","value":1,"client_time":MS}
//
// What is missing is empty, so that the checks of a record name it; what has a wrong type is no record: `undecodable`.
import { bytesOf, DOCUMENTS_MAX, encodeFeatureBlock, WeirError } from '@weir/proto';
import { type BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { z } from 'zod';
import type { Incoming } from './classify.ts';

// Not z.number(): that refuses an overflow to Infinity, which has a reason of its own.
const number = z.custom<number>((value) => typeof value === 'number');
const text = z.string().default('');
const values = z.record(z.string(), z.union([z.string(), number, z.array(z.string())])).default({});

const featureForm = z.object({
  kind: z.literal('request').optional(),
  id: text,
  time: number.default(0),
  user: text,
  scene: text,
  context: values,
  keep_probability: number.default(0),
  docs: z
    .array(
      z.object({
        id: text,
        features: values,
        exposure: values,
        position: z.uint32().optional(),
        scores: z.record(z.string(), number).default({}),
        exposed: z.boolean().default(true),
      }),
    )
    .default([]),
});

const eventForm = z.object({
  kind: z.literal('event').optional(),
  id: text,
  time: number.default(0),
  type: text,
  request: text,
  user: text,
  session: text,
  doc: text,
  value: number.default(1),
  client_time: number.default(0),
});

/** @throws WeirError INVALID_ARGUMENT when the body holds no records at all. */
export function featuresFromJson(body: unknown): Incoming<FeatureRecord>[] {
  return recordsOf(body, 'records').map((item) => parse(featureForm, item, toFeatureRecord));
}

/** @throws WeirError INVALID_ARGUMENT when the body holds no events at all. */
export function eventsFromJson(body: unknown): Incoming<BehaviourEvent>[] {
  return recordsOf(body, 'events').map((item) => parse(eventForm, item, toBehaviourEvent));
}

function recordsOf(body: unknown, list: string): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body === 'object' && body !== null) {
    const records = (body as Record<string, unknown>)[list];
    if (records === undefined) return [body];
    if (Array.isArray(records)) return records;
  }
  throw new WeirError(
    'INVALID_ARGUMENT',
    `the body must be an object, an array of them, or {"${list}": [...]}`,
  );
}

function parse<F, R>(form: z.ZodType<F>, item: unknown, convert: (fields: F) => R): Incoming<R> {
  const parsed = form.safeParse(item);
  try {
    if (parsed.success) return { record: convert(parsed.data) };
  } catch {
    // A feature with a value that is none.
  }
  return { undecodable: Buffer.from(JSON.stringify(item)) };
}

function toFeatureRecord({ docs, ...fields }: z.infer<typeof featureForm>): FeatureRecord {
  const labels = [...new Set(docs.flatMap(({ scores }) => Object.keys(scores)))];
  const hasPositions = docs.some(({ position }) => position !== undefined);
  const hidden = docs.flatMap(({ exposed }, row) => (exposed ? [] : [row]));
  return {
    ...FeatureRecord.decode(EMPTY),
    servingId: fields.id,
    timeMs: fields.time,
    user: fields.user,
    scene: fields.scene,
    keepProbability: fields.keep_probability,
    docIds: docs.map(({ id }) => id),
    positions: hasPositions
      ? bytesOf(Uint32Array.from(docs, ({ position }, row) => position ?? row + 1))
      : EMPTY,
    // A document without this score makes the column not finite, which is refused.
    scores: labels.map((label) => ({
      label,
      arm: '',
      values: bytesOf(Float32Array.from(docs, ({ scores }) => scores[label] ?? Number.NaN)),
    })),
    // Too many documents are refused by their number.
    features: docs.length > DOCUMENTS_MAX ? EMPTY : encodeFeatureBlock({ context: fields.context, docs }),
    unexposed: hidden.length === 0 ? EMPTY : bytesOf(Uint32Array.from(hidden)),
  };
}

function toBehaviourEvent(fields: z.infer<typeof eventForm>): BehaviourEvent {
  return {
    eventId: fields.id,
    type: fields.type,
    servingId: fields.request,
    user: fields.user,
    session: fields.session,
    docId: fields.doc,
    clientTimeMs: fields.client_time,
    timeMs: fields.time,
    value: fields.value,
    ingestTimeMs: 0,
  };
}

const EMPTY = new Uint8Array(0);

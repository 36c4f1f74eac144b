// The collector over HTTP: `POST /v1/features` and `POST /v1/events`, JSON in (json-forms.ts), JSON out:
// `{"accepted": n, "duplicates": n, "rejections": [{"index": i, "reason": "..."}]}`. Errors answer with their code.
import { type JsonServer, type ListenerSecurity, startJsonServer } from '@weir/runtime';
import type { Ingest } from './ingest.ts';
import { eventsFromJson, featuresFromJson } from './json-forms.ts';
import { HTTP_BODY_BYTES_MAX } from './limits.ts';

/** @throws WeirError CONFIGURATION if it cannot listen. */
export function startHttp(listen: string, security: ListenerSecurity, ingest: Ingest): Promise<JsonServer> {
  return startJsonServer({
    listen,
    listenFlag: '--http-listen',
    security,
    bodyBytesMax: HTTP_BODY_BYTES_MAX,
    routes: {
      '/v1/features': async (body) => ingest.putFeatures(featuresFromJson(body)),
      '/v1/events': async (body) => ingest.putEvents(eventsFromJson(body)),
    },
  });
}

export { openEmbeddedStreams, STREAMS_FAMILIES } from './embedded-client.ts';
export { streamsService } from './server/service.ts';

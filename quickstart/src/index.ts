// Data adaptors, the replay driver and what is shown of it.
export { canaryService } from './canary/service.ts';
export { type ReplayOutput, type ReplayOutputInput, replayOutput } from './figures/replay-output.ts';
export {
  type FigureSources,
  type LossAndAuc,
  readFinalFigures,
  readServiceFigures,
  type ServiceFigures,
} from './figures/service-figures.ts';
export { readStageFreshness } from './figures/stage-freshness.ts';
export { BadLines } from './formats/bad-lines.ts';
export { FORMATS, type Format, readRecords } from './formats/formats.ts';
export { movieFeatures } from './formats/movielens.ts';
export type { EventRecord, OnBadLine, ReplayRecord, RequestRecord } from './formats/record.ts';
export { DocumentVectors, type DocumentVectorsOptions } from './live/document-vectors.ts';
export type { LiveLook } from './live/live-look.ts';
export { type LiveServer, type LiveServerOptions, startLiveServer } from './live/live-server.ts';
export { liveLook } from './live/look-of.ts';
export { RankedDocuments } from './live/ranked-documents.ts';
export { readBarriers } from './live/read-barriers.ts';
export { MOVIELENS } from './movielens-set.ts';
export type { Pace } from './replay/pace.ts';
export { type Replay, type ReplayOptions, type ReplayProgress, startReplay } from './replay/replay.ts';
export { shopFeatures } from './shop/shop.ts';
export { type ShopFigures, ShopTraffic } from './shop/shop-traffic.ts';
export { type FrameInput, frame } from './view/frame.ts';
export { type LiveFigures, type Look, liveFigures } from './view/live-figures.ts';
export { plainLine } from './view/plain-line.ts';
export { Screen } from './view/screen.ts';
export { type DevOutput, devOutput, type SummaryInput, summary } from './view/summary.ts';

export { collectorService } from './collector/definition.ts';
export { defaultWindow, type LabelWindow } from './core/label-plan.ts';
export { stitcherService } from './server/definition.ts';
export { windowTimes } from './server/parse-windows.ts';

export { type TrainerConfig, trainerConfig } from './config.ts';
export type { ArmReport, LabelReport } from './core/evaluation/label-evaluation.ts';
export type { TrainerReport } from './evaluation-report.ts';
export { trainerService } from './service.ts';

export { trainerGroup } from '@weir/model';
export { type TrainerConfig, trainerConfig } from './config.ts';
export type { ArmReport, LabelReport } from './core/evaluation/label-evaluation.ts';
export { mergedReport, type TrainerReport, type TrainerTotals } from './evaluation-report.ts';
export type { DenseReport, MemberReport } from './member-report.ts';
export { trainerService } from './service.ts';

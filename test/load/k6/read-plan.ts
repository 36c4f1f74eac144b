// The plan of this run: `k6 run -e PLAN=plan.json SCRIPT`.
import type { ClusterPlan, Plan, PredictorPlan } from './plan.ts';

const path = __ENV.PLAN;
if (path === undefined)
  throw new Error('no plan: `npm run load` writes one; then -e PLAN=/its/absolute/path');

export const plan = JSON.parse(open(path)) as Plan;

export function clusterPlan(): ClusterPlan {
  if (plan.cluster === undefined) throw new Error('the plan has no cluster: it was made for `rank`');
  return plan.cluster;
}

export function predictorPlan(): PredictorPlan {
  if (plan.predictor === undefined)
    throw new Error('the plan has no predictor: it was made for another script');
  return plan.predictor;
}

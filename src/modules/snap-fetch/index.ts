export { FetchPlanner, type PlannedFetch } from './plan/fetch-planner.js';
export * from './plan/fetch-plan.js';
export * from './plan/fetch-request.js';

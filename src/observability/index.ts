export { MetricsListener } from './metrics/metrics-listener.js';
export { MetricsSource, Teammates } from './metrics/metrics-source.js';
export type { CollectedMetric } from './metrics/store-metrics.js';
export { ObservabilityModule } from './observability.module.js';

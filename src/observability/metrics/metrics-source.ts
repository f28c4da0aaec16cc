import { Injectable } from '@nestjs/common';
import { AggregatorRegistry } from 'prom-client';

import { type CollectedMetric, StoreMetrics } from './store-metrics.js';

/** Asks the other processes that serve beside this one; where there are none, there is none of these. */
export abstract class Teammates {
  /** What each of them has collected; one that does not answer in time is left out. */
  abstract collect(): Promise<readonly (readonly CollectedMetric[])[]>;
}

/** The metrics of the whole store on this machine, in the text that Prometheus reads. */
@Injectable()
export class MetricsSource {
  private teammates: Teammates | null = null;

  constructor(private readonly own: StoreMetrics) {}

  get contentType(): string {
    return this.own.contentType;
  }

  /** From now on this process speaks for these too. */
  join(teammates: Teammates): void {
    this.teammates = teammates;
  }

  collectOwn(): Promise<readonly CollectedMetric[]> {
    return this.own.collect();
  }

  async text(): Promise<string> {
    if (this.teammates === null) return this.own.text();
    const [own, others] = await Promise.all([this.own.collect(), this.teammates.collect()]);
    return AggregatorRegistry.aggregate([own, ...others] as object[]).metrics();
  }
}

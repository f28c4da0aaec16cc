import { Injectable } from '@nestjs/common';

import { Collector } from '../blobs/index.js';
import { RemovalService, type RemovalOptions, type RemovalPlan } from '../catalog/index.js';

export interface RemovalReport {
  readonly plan: RemovalPlan;
  readonly freedBytes: number;
}

/** Takes snaps out of the catalog together with the files that nothing else needs: rows first, files after. */
@Injectable()
export class SnapRemover {
  constructor(
    private readonly removals: RemovalService,
    private readonly collector: Collector,
  ) {}

  /** What removing would do. @throws SnapNotHeldError, RevisionNotHeldError */
  plan(name: string, options: RemovalOptions = {}): Promise<RemovalPlan> {
    return this.removals.plan(name, options);
  }

  /** @throws SnapNotHeldError, RevisionNotHeldError; SnapStillNeededError unless `force` */
  async remove(name: string, options: RemovalOptions & { readonly force?: boolean } = {}): Promise<RemovalReport> {
    const decided: RemovalPlan[] = [];
    const freedBytes = await this.collector.removing(async () => {
      const plan = await this.removals.remove(name, options);
      decided.push(plan);
      return plan.blobs;
    });
    const [plan] = decided;
    if (plan === undefined) throw new Error(`removing ${name} was not decided`);
    return { plan, freedBytes };
  }
}

import { Injectable } from '@nestjs/common';

import type { DeviceRoute } from './device-route.js';

export interface CountedAnswers {
  readonly method: string;
  /** As the route has it: the paths of requests are strangers' words, and there is no end of them. */
  readonly path: string;
  readonly status: number;
  readonly count: number;
}

const STATUSES = 600;

/** What this process has answered so far, for the metrics. To count costs a look into a small table and an addition. */
@Injectable()
export class RequestTally {
  private readonly routes = new Map<DeviceRoute, Float64Array>();
  private streamed = 0;

  count(route: DeviceRoute, status: number): void {
    let counts = this.routes.get(route);
    if (counts === undefined) this.routes.set(route, (counts = new Float64Array(STATUSES)));
    counts[status] = (counts[status] ?? 0) + 1;
  }

  /** Of files that were sent, to their end or not. */
  countStreamed(bytes: number): void {
    this.streamed += bytes;
  }

  get streamedBytes(): number {
    return this.streamed;
  }

  answers(): CountedAnswers[] {
    return [...this.routes].flatMap(([{ method, path }, counts]) =>
      [...counts.entries()].flatMap(([status, count]) => (count === 0 ? [] : [{ method, path, status, count }])),
    );
  }
}

import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { jsonAnswer } from '../../platform/http/answer.js';
import { errorListAnswer } from '../../platform/http/error-answer.js';
import { sendAnswer } from '../../platform/http/send-answer.js';
import { HealthService } from '../health/health.service.js';
import { MetricsAccess } from '../metrics/metrics-access.js';
import { MetricsSource } from '../metrics/metrics-source.js';

/** For load balancers, supervisors and Prometheus; devices ask none of it. */
@Controller()
export class ObservabilityController {
  constructor(
    private readonly health: HealthService,
    private readonly access: MetricsAccess,
    private readonly metrics: MetricsSource,
  ) {}

  /** That it answers is the answer. */
  @Get('health/live')
  async live(@Req() request: Request, @Res() response: Response): Promise<void> {
    await sendAnswer(request, response, jsonAnswer(200, { status: 'alive' }, NOT_KEPT), ignore);
  }

  @Get('health/ready')
  async ready(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { isReady, checks } = await this.health.readiness();
    const answer = jsonAnswer(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not-ready', checks }, NOT_KEPT);
    await sendAnswer(request, response, answer, ignore);
  }

  /** Only where the metrics share the port of the devices, and for whoever has the token. */
  @Get('metrics')
  async scrape(@Req() request: Request, @Res() response: Response): Promise<void> {
    if (this.access.address !== 'same') {
      return sendAnswer(
        request,
        response,
        errorListAnswer(404, 'resource-not-found', 'there is no GET /metrics'),
        ignore,
      );
    }
    if (!(await this.access.mayRead(request.headers.authorization))) {
      response.setHeader('www-authenticate', 'Bearer');
      const message = 'the metrics want the token that proxy.metrics.token is';
      return sendAnswer(request, response, errorListAnswer(401, 'unauthorized', message), ignore);
    }
    const body = Buffer.from(await this.metrics.text());
    const headers = { 'content-type': this.metrics.contentType, ...NOT_KEPT };
    await sendAnswer(request, response, { status: 200, headers, body }, ignore);
  }
}

const NOT_KEPT = { 'cache-control': 'no-store' };

function ignore(): void {
  // Only a streamed body can fail.
}

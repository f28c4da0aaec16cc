import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { type MetricsAddress, parseMetricsAddress } from '../../platform/config/metrics-address.js';
import { Settings } from '../../platform/config/settings.js';
import { SettingsService } from '../../platform/config/settings.service.js';

/** Where the metrics are, and who may read them. */
@Injectable()
export class MetricsAccess {
  constructor(
    private readonly settings: Settings,
    private readonly changes: SettingsService,
  ) {}

  get address(): MetricsAddress {
    return parseMetricsAddress(this.settings.get('proxy.metrics.listen') ?? '') ?? 'off';
  }

  /**
   * Where a token is set, it has to be brought. Without one, the metrics of a port of their own are for whoever reaches that port, and
   * those of the port that devices use for nobody.
   * @param authorization the header as it came
   */
  async mayRead(authorization: string | undefined): Promise<boolean> {
    const token = await this.changes.secret('proxy.metrics.token');
    if (token === null) return this.address !== 'same';
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return given !== undefined && timingSafeEqual(digestOf(given), digestOf(token));
  }
}

/** Of one length, whatever it is made from. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

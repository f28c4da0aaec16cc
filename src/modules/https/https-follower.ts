import { Injectable } from '@nestjs/common';

import { messageOf, StoreError } from '../../kernel/store-error.js';
import { Settings } from '../../platform/config/settings.js';
import { SettingsService } from '../../platform/config/settings.service.js';
import type { SecurePort } from '../../platform/http/secure-port.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { CertificateService } from './certificate.service.js';
import { CERTIFICATE_SETTING, KEY_SETTING } from './stored-pair.js';

/** Keeps a server's port for HTTPS at what is set: opened with a certificate, handed the next one, closed without one. */
@Injectable()
export class HttpsFollower {
  private readonly log: Logger;
  /** What the port was given last: an unchanged certificate is not opened again with every setting that changes. */
  private inUse: string | null = null;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly certificates: CertificateService,
    private readonly settings: Settings,
    private readonly changes: SettingsService,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('https');
  }

  /**
   * From now on, until the application ends. A certificate that cannot be opened leaves the port closed, and the log says why.
   * @throws PortInUseError, CannotListenError where the port cannot be opened now; later that is for the log
   */
  async follow(port: SecurePort): Promise<void> {
    await this.apply(port);
    this.changes.onChange(() => {
      this.last = this.last
        .then(() => this.apply(port))
        .catch((error: unknown) => {
          this.log.error({ reason: messageOf(error), code: codeOf(error) }, 'HTTPS could not be taken up');
        });
    });
  }

  private async apply(port: SecurePort): Promise<void> {
    const wanted = [CERTIFICATE_SETTING, KEY_SETTING].map((key) => this.settings.get(key) ?? '').join('\n');
    if (wanted === this.inUse) return;
    const material = await this.certificates.serving().catch((error: unknown) => {
      this.log.error({ reason: messageOf(error), code: codeOf(error) }, 'the certificate cannot be used; HTTPS is off');
      return null;
    });
    await port.use(material);
    if (this.inUse !== null) this.log.info(material === null ? 'HTTPS is off' : 'a new certificate is in use');
    this.inUse = wanted;
  }
}

function codeOf(error: unknown): string {
  return error instanceof StoreError ? error.code : 'internal-error';
}

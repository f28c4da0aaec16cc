import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../platform/cache/fresh-cache.js';
import { Settings } from '../../platform/config/settings.js';
import type { Answer } from '../../platform/http/answer.js';
import { configuredUrl } from '../../platform/http/base-url.js';
import { errorListAnswer } from '../../platform/http/error-answer.js';
import { BadRequestError } from '../../platform/http/http.errors.js';
import { StoreUrl } from '../../platform/http/store-url.js';
import { CertificateService, DomainNotSetError } from '../https/index.js';
import { StoreIdentityService } from '../registration/index.js';
import { DEVICES, type DeviceKind, setupScript, type StoreToUse } from './setup-script.js';

/** snapd's media type (asserts/asserts.go). */
const ASSERTION_TYPE = 'application/x.ubuntu.assertion';
/** What a stranger asks for again and again is read from the database this often. */
const REMEMBERED_MS = 1_000;

type StoreFacts = Pick<StoreToUse, 'assertion' | 'caPem'>;

/** Tells devices how to come to this store. */
@Injectable()
export class ClientSetupService {
  private readonly facts = new FreshCache<StoreFacts>({
    maxBytes: 4 * 1024 * 1024,
    maxEntries: 1,
    sizeOf: ({ assertion, caPem }) => (assertion?.stream.length ?? 0) + (caPem?.length ?? 0),
    isWatched: () => false,
    graceMs: REMEMBERED_MS,
  });

  constructor(
    private readonly identity: StoreIdentityService,
    private readonly certificates: CertificateService,
    private readonly settings: Settings,
    private readonly storeUrl: StoreUrl,
  ) {}

  /** @param url by which the device reaches the store, without a slash at the end */
  async script(device: DeviceKind, url: string): Promise<string> {
    return setupScript(device, { url, ...(await this.storeFacts()) });
  }

  /** The URL as it is set, for who asks on this machine. @throws DomainNotSetError where nothing says it */
  async configuredUrl(): Promise<string> {
    const scheme = (await this.certificates.current()) === null ? 'http' : 'https';
    const port = Number(this.settings.get(`proxy.port.${scheme}`));
    const url = configuredUrl(this.settings, this.storeUrl, { scheme, port });
    if (url === null) throw new DomainNotSetError();
    return url;
  }

  async scriptAnswer(query: URLSearchParams, url: string): Promise<Answer> {
    const device = query.get('device') ?? 'classic';
    if (!isDeviceKind(device)) throw new BadRequestError(`device is one of ${DEVICES.join(', ')}`);
    const body = Buffer.from(await this.script(device, url));
    return { status: 200, headers: { 'content-type': 'text/x-shellscript; charset=utf-8' }, body };
  }

  /** The store assertion behind its account and account-keys. */
  async assertionsAnswer(): Promise<Answer> {
    const { assertion } = await this.storeFacts();
    if (assertion === null) {
      return errorListAnswer(404, 'resource-not-found', 'this store has no store assertion; see /client-config');
    }
    return {
      status: 200,
      headers: { 'content-type': ASSERTION_TYPE, 'x-assertion-store-id': assertion.storeId },
      body: Buffer.from(assertion.stream),
    };
  }

  private storeFacts(): Promise<StoreFacts> {
    return Promise.resolve(
      this.facts.get('', async () => {
        const [identity, caPem] = await Promise.all([this.identity.current(), this.certificates.caPem()]);
        const storeId = identity?.storeId ?? null;
        const stream = storeId === null ? null : await this.identity.assertionStream();
        const assertion = storeId === null || stream === null ? null : { storeId, stream: stream.toString('utf8') };
        return { assertion, caPem };
      }),
    );
  }
}

function isDeviceKind(text: string): text is DeviceKind {
  return (DEVICES as readonly string[]).includes(text);
}

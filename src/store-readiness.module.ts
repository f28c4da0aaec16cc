import { Global, Injectable, Module } from '@nestjs/common';

import { type MissingPart, ReadinessCheck } from './modules/airgap-policy/index.js';
import { KeyService, KeysModule } from './modules/keys/index.js';

/** What air-gapped mode wants to know of rooms that stand above it. */
@Injectable()
class StoreReadiness extends ReadinessCheck {
  constructor(private readonly keys: KeyService) {
    super();
  }

  takeInCarried(): Promise<void> {
    return Promise.resolve();
  }

  async missing(): Promise<MissingPart[]> {
    const missing: MissingPart[] = [];
    if ((await this.keys.find('identity')) === null)
      missing.push({ what: 'keys', mend: '"snap-store-proxy generate-keys" makes them' });
    return missing;
  }

  warnings(): Promise<string[]> {
    return Promise.resolve([]);
  }
}

/** Global, since the room that asks does not know the rooms that can tell. */
@Global()
@Module({
  imports: [KeysModule],
  providers: [{ provide: ReadinessCheck, useClass: StoreReadiness }],
  exports: [ReadinessCheck],
})
export class StoreReadinessModule {}

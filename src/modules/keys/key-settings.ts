import { createPublicKey } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';

import { InvalidSettingError } from '../../platform/config/config.errors.js';
import { type SettingKeeper, SettingsService } from '../../platform/config/settings.service.js';
import { isSealed } from '../../platform/sealing/index.js';
import { KeyService } from './key.service.js';

const PUBLIC = 'proxy.key.public';
const PRIVATE = 'proxy.key.private';

/** Shows the store's identity among the settings, where whoever carries a whole configuration looks for it. */
@Injectable()
export class KeySettings implements SettingKeeper, OnModuleInit {
  readonly keys = [PUBLIC, PRIVATE];

  constructor(
    private readonly service: KeyService,
    private readonly settings: SettingsService,
  ) {}

  onModuleInit(): void {
    this.settings.addKeeper(this);
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    const identity = await this.service.find('identity');
    if (identity === null) return new Map();
    return new Map([
      [PUBLIC, identity.publicPem],
      [PRIVATE, await this.service.sealedPrivate(identity.id)],
    ]);
  }

  /**
   * Takes in an identity that a configuration carries, sealed by this store or in clear.
   * @throws InvalidSettingError where the halves do not fit, or a public one comes alone; what KeyService.adopt throws
   */
  async write(changes: ReadonlyMap<string, string | null>): Promise<void> {
    const [publicPem, privateText] = [changes.get(PUBLIC), changes.get(PRIVATE)];
    if (privateText === null) throw new InvalidSettingError(PRIVATE, '"keys retire ID" takes a key out of use');
    const identity =
      privateText === undefined
        ? await this.service.find('identity')
        : isSealed(privateText)
          ? await this.service.adoptSealed(privateText, 'identity')
          : await this.service.adopt(privateText, 'identity');
    if (publicPem === undefined) return;
    if (publicPem === null || identity === null || !isSameKey(publicPem, identity.publicPem))
      throw new InvalidSettingError(PUBLIC, `the public half of ${PRIVATE}`);
  }
}

function isSameKey(one: string, other: string): boolean {
  try {
    return createPublicKey(one).equals(createPublicKey(other));
  } catch {
    return false;
  }
}

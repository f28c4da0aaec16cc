import { Injectable, type OnModuleInit } from '@nestjs/common';

import type { CarriedSecret } from '../../../formats/registration-bundle/index.js';
import { DataDirectory } from '../../../platform/config/data-directory.js';
import { isSealed, Resealing, type SealedHolder } from '../../../platform/sealing/index.js';
import { RegistrationFolder } from './carried-files.js';

/** The secrets of the registration in DATA/registration that this store has sealed: they follow its sealing key. */
@Injectable()
export class CarriedSecrets implements SealedHolder, OnModuleInit {
  private readonly folder: RegistrationFolder;

  constructor(
    private readonly resealing: Resealing,
    data: DataDirectory,
  ) {
    this.folder = new RegistrationFolder(data.folder('registration'));
  }

  onModuleInit(): void {
    this.resealing.addHolder(this);
  }

  async reseal(change: (text: string) => Promise<string>): Promise<void> {
    const carried = await this.folder.read();
    if (carried === null) return;
    const { bundle, file } = carried;
    const { privateKey, certificate } = bundle;
    let changes = 0;
    const changed = async (secret: CarriedSecret): Promise<CarriedSecret> => {
      // What an installation password seals, and what is still in clear, is none of the sealing key's.
      if (secret.kind !== 'sealed' || !isSealed(secret.text)) return secret;
      const text = await change(secret.text);
      if (text !== secret.text) changes += 1;
      return { kind: 'sealed', text };
    };
    const next = {
      ...bundle,
      privateKey: privateKey === null ? null : await changed(privateKey),
      certificate: certificate === null ? null : { ...certificate, key: await changed(certificate.key) },
    };
    if (changes > 0) await this.folder.write({ bundle: next, file });
  }
}

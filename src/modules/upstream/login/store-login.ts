import {
  decodeMacaroon,
  encodeMacaroon,
  InvalidMacaroonError,
  type Macaroon,
} from '../../../formats/macaroon/index.js';
import { parseIni } from './ini.js';
import { StoreLoginUnreadableError } from './store-login.errors.js';

/** Headers that say to the store who asks. Secret. */
export type StoreCredentials = Readonly<Record<string, string>>;

/** A log-in. Secret. */
export type StoreLogin =
  /** Good for as long as it is good. */
  | { readonly kind: 'token'; readonly credentials: StoreCredentials }
  /** Its discharge says that somebody logged in, and has to be renewed by who said so from time to time. */
  | { readonly kind: 'macaroons'; readonly root: Macaroon; readonly discharge: Macaroon };

const MAX_CHARACTERS = 256 * 1024;
/** Characters of a header's value that end nothing. */
const TOKEN = /^[A-Za-z0-9+/=_.-]{1,65536}$/;

/** The discharge is of use with its root only, and the store wants it bound to that. */
export function credentialsOf(login: StoreLogin): StoreCredentials {
  if (login.kind === 'token') return login.credentials;
  const { root, discharge } = login;
  const [rootText, bound] = [encodeMacaroon(root), encodeMacaroon(discharge.boundTo(root))];
  return { authorization: `Macaroon root="${rootText}", discharge="${bound}"` };
}

/**
 * Reads what `snapcraft export-login` writes, of all its ages: base64 of JSON with a type (`u1-macaroon`, `macaroon`, `bearer`) or
 * without, the JSON itself, and before snapcraft 7 an ini file, as it is or in base64 (snapd: store/tooling/auth.go reads the same).
 * @throws StoreLoginUnreadableError, which repeats nothing of it
 */
export function readStoreLogin(text: string): StoreLogin {
  if (text.length > MAX_CHARACTERS) throw new StoreLoginUnreadableError('the file is too large for that');
  const trimmed = text.trim();
  if (trimmed === '') throw new StoreLoginUnreadableError('the file is empty');
  return readLayers(trimmed, 2);
}

function readLayers(text: string, layers: number): StoreLogin {
  if (text.startsWith('{')) return readJson(text);
  if (text.startsWith('[login.ubuntu.com]') || /^\s*macaroon\s*[=:]/m.test(text)) return readIni(text);
  const inner = layers > 0 ? fromBase64(text) : null;
  if (inner === null) throw new StoreLoginUnreadableError('it is nothing that "snapcraft export-login" writes');
  // What a bakery discharged, in a list: it goes to the store as it came.
  if (inner.startsWith('[{')) return tokenLogin({ authorization: `Macaroon ${token(text)}` });
  return readLayers(inner, layers - 1);
}

function readJson(text: string): StoreLogin {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would repeat a piece of it.
    throw new StoreLoginUnreadableError('it looks like JSON and is not');
  }
  const { t: type, v: value } = json as Record<string, unknown>;
  if (type === undefined || type === 'u1-macaroon') {
    const { r: root, d: discharge } = (type === undefined ? json : (value ?? {})) as Record<string, unknown>;
    return fromPair(root, discharge);
  }
  if (type === 'macaroon') return tokenLogin({ authorization: `Macaroon ${token(value)}` });
  if (type === 'bearer') return tokenLogin({ authorization: `Bearer ${token(value)}` });
  throw new StoreLoginUnreadableError('it is of a type that is not known');
}

function readIni(text: string): StoreLogin {
  const sections = parseIni(text);
  const ubuntuOne = sections.get('login.ubuntu.com') ?? sections.get('login.staging.ubuntu.com');
  if (ubuntuOne !== undefined) return fromPair(ubuntuOne.get('macaroon'), ubuntuOne.get('unbound_discharge'));
  // The few that logged in by a browser then: one section, named after the dashboard.
  const auth = [...sections.values()].map((section) => section.get('auth')).find((one) => one !== undefined);
  if (auth !== undefined) return tokenLogin({ macaroons: token(auth) });
  throw new StoreLoginUnreadableError('the section [login.ubuntu.com] is missing');
}

function fromPair(root: unknown, discharge: unknown): StoreLogin {
  return { kind: 'macaroons', root: macaroonIn(root), discharge: macaroonIn(discharge) };
}

function tokenLogin(credentials: StoreCredentials): StoreLogin {
  return { kind: 'token', credentials };
}

function macaroonIn(value: unknown): Macaroon {
  try {
    return decodeMacaroon(token(value));
  } catch (error) {
    if (!(error instanceof InvalidMacaroonError)) throw error;
    throw new StoreLoginUnreadableError('a macaroon in it is none');
  }
}

function token(value: unknown): string {
  if (typeof value === 'string' && TOKEN.test(value)) return value;
  throw new StoreLoginUnreadableError('a macaroon is missing from it, or damaged');
}

/** Either alphabet, wrapped or not. */
function fromBase64(text: string): string | null {
  const joined = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(joined)) return null;
  const decoded = Buffer.from(joined, 'base64').toString('utf8').trim();
  return decoded === '' || decoded.includes('\uFFFD') ? null : decoded;
}

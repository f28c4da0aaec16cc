import {
  decodeMacaroon,
  encodeMacaroon,
  InvalidMacaroonError,
  type Macaroon,
} from '../../../formats/macaroon/index.js';
import { UpstreamAnswerError, UpstreamDeniedError } from '../http/http.errors.js';
import type { HttpClient } from '../http/http-client.js';
import { credentialsOf, type StoreCredentials, type StoreLogin } from './store-login.js';

/** A log-in while it is used. */
export class StoreSession {
  private renewed: Promise<void> | null = null;

  /** @param ssoLocation of an identity provider of one's own; any other is asked at the name that the macaroon gives */
  constructor(
    private login: StoreLogin,
    private readonly http: HttpClient,
    private readonly ssoLocation: string | null,
  ) {}

  get credentials(): StoreCredentials {
    return credentialsOf(this.login);
  }

  /**
   * Renews what the store does not take any more, once however many ask for it.
   * @returns false where nothing can be renewed
   * @throws UpstreamDeniedError where who logged in has to do so again; errors of HttpClient
   */
  async renew(signal: AbortSignal): Promise<boolean> {
    if (this.login.kind === 'token') return false;
    const { root, discharge } = this.login;
    const provider = this.providerOf(root);
    if (provider === null) return false;
    this.renewed ??= this.renewAt(provider, discharge, signal).then((fresh) => {
      this.login = { kind: 'macaroons', root, discharge: fresh };
    });
    await this.renewed;
    return true;
  }

  /** Only who gave the discharge gets to see it. */
  private providerOf(root: Macaroon): string | null {
    const name = root.caveats.find(({ verificationId }) => verificationId !== null)?.location ?? null;
    if (name === null || !/^[a-z0-9.-]{1,253}$/.test(name)) return null;
    const own = this.ssoLocation;
    return own !== null && new URL(own).hostname === name ? own.replace(/\/+$/, '') : `https://${name}`;
  }

  private async renewAt(provider: string, discharge: Macaroon, signal: AbortSignal): Promise<Macaroon> {
    const url = `${provider}/api/v2/tokens/refresh`;
    const body = { discharge_macaroon: encodeMacaroon(discharge) };
    const { status, json } = await this.http.json({ method: 'POST', url, body, signal });
    if (status !== 200) throw new UpstreamDeniedError(provider, `it does not renew the log-in (${status})`);
    const { discharge_macaroon: text } = (json ?? {}) as Record<string, unknown>;
    try {
      return decodeMacaroon(typeof text === 'string' ? text : '');
    } catch (error) {
      if (!(error instanceof InvalidMacaroonError)) throw error;
      throw new UpstreamAnswerError(url, 'renews the log-in with a macaroon that is none');
    }
  }
}

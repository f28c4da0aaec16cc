import { type Assertion, AssertionRefusedError, decodeAssertionStream } from '../../../formats/assertion/index.js';
import {
  decodeMacaroon,
  encodeMacaroon,
  InvalidMacaroonError,
  type Macaroon,
} from '../../../formats/macaroon/index.js';
import {
  InvalidQuestionsError,
  parseQuestions,
  type Question,
  type SignedRegistrationRequest,
} from '../../../formats/registration-protocol/index.js';
import {
  AuthorityClient,
  AuthorityRefusedError,
  type Authorization,
  type Credentials,
  type RegistrationAnswer,
} from '../../registration/index.js';
import { UpstreamAnswerError } from '../http/http.errors.js';
import type { HttpClient, JsonAnswer } from '../http/http-client.js';
import { loginRefusal, readRefusal, type Refusal } from './refusals.js';

const MAX_ASSERTIONS = 50;

/** Speaks docs/registration-protocol.md to an authority and its identity provider. */
export class HttpAuthorityClient extends AuthorityClient {
  readonly location: string;
  readonly identityProvider: string;
  private readonly ssoLocation: string;

  /** @param locations URLs, as the settings have them */
  constructor(
    private readonly http: HttpClient,
    locations: { readonly dashboard: string; readonly sso: string },
  ) {
    super();
    this.location = locations.dashboard.replace(/\/+$/, '');
    this.ssoLocation = locations.sso.replace(/\/+$/, '');
    this.identityProvider = new URL(locations.sso).host;
  }

  async requestMacaroon(signal: AbortSignal): Promise<Macaroon> {
    const answer = await this.http.json({ method: 'POST', url: this.at('macaroon'), body: {}, signal });
    return macaroonIn(this.accepted(answer), 'macaroon', this.location);
  }

  async discharge(caveatId: string, { email, password, otp }: Credentials, signal: AbortSignal): Promise<Macaroon> {
    const answer = await this.http.json({
      method: 'POST',
      url: `${this.ssoLocation}/api/v2/tokens/discharge`,
      body: { email, password, caveat_id: caveatId, ...(otp === null ? {} : { otp }) },
      signal,
    });
    const refusal = readRefusal(answer);
    if (refusal === null) return macaroonIn(answer.json, 'discharge_macaroon', this.ssoLocation);
    throw loginRefusal(refusal, this.identityProvider) ?? refused(this.ssoLocation, refusal);
  }

  async questions(authorization: Authorization, signal: AbortSignal): Promise<readonly Question[]> {
    const headers = headersOf(authorization);
    const answer = this.accepted(await this.http.json({ method: 'GET', url: this.at('questions'), headers, signal }));
    try {
      return parseQuestions(fieldOf(answer, 'questions'));
    } catch (error) {
      if (!(error instanceof InvalidQuestionsError)) throw error;
      throw new UpstreamAnswerError(this.location, `asks what cannot be asked: ${error.message}`, { cause: error });
    }
  }

  async nonce(authorization: Authorization, signal: AbortSignal): Promise<string> {
    const answer = this.accepted(await this.post('nonces', {}, authorization, signal));
    return textIn(answer, 'nonce', 200, this.location);
  }

  async register(
    authorization: Authorization,
    request: SignedRegistrationRequest,
    signal: AbortSignal,
  ): Promise<RegistrationAnswer> {
    const answer = this.accepted(await this.post('registrations', { request }, authorization, signal));
    const stream = textIn(answer, 'assertions', 512 * 1024, this.location);
    return { storeId: textIn(answer, 'store-id', 100, this.location), assertions: await this.assertionsIn(stream) };
  }

  private async assertionsIn(stream: string): Promise<Assertion[]> {
    try {
      const assertions = await decodeAssertionStream(Buffer.from(stream));
      if (assertions.length > 0 && assertions.length <= MAX_ASSERTIONS) return assertions;
    } catch (error) {
      if (!(error instanceof AssertionRefusedError)) throw error;
      throw new UpstreamAnswerError(this.location, `answers with assertions that are none: ${error.message}`, {
        cause: error,
      });
    }
    throw new UpstreamAnswerError(this.location, `answers with none, or with more than ${MAX_ASSERTIONS} assertions`);
  }

  private post(what: string, body: unknown, authorization: Authorization, signal: AbortSignal): Promise<JsonAnswer> {
    return this.http.json({ method: 'POST', url: this.at(what), headers: headersOf(authorization), body, signal });
  }

  private accepted(answer: JsonAnswer): unknown {
    const refusal = readRefusal(answer);
    if (refusal !== null) throw refused(this.location, refusal);
    return answer.json;
  }

  private at(what: string): string {
    return `${this.location}/api/registration/v1/${what}`;
  }
}

function headersOf({ root, discharge }: Authorization): Record<string, string> {
  return { authorization: `Macaroon root="${encodeMacaroon(root)}", discharge="${encodeMacaroon(discharge)}"` };
}

function refused(where: string, { code, message }: Refusal): AuthorityRefusedError {
  return new AuthorityRefusedError(`${where} refuses: ${message}`, code);
}

function macaroonIn(json: unknown, field: string, where: string): Macaroon {
  const text = textIn(json, field, 64 * 1024, where);
  try {
    return decodeMacaroon(text);
  } catch (error) {
    if (!(error instanceof InvalidMacaroonError)) throw error;
    throw new UpstreamAnswerError(where, `answers with a macaroon that is none: ${error.message}`, { cause: error });
  }
}

function fieldOf(json: unknown, field: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[field] : undefined;
}

function textIn(json: unknown, field: string, maxLength: number, where: string): string {
  const text = fieldOf(json, field);
  if (typeof text === 'string' && text !== '' && text.length <= maxLength) return text;
  throw new UpstreamAnswerError(where, `does not answer as an authority does: "${field}" is missing`);
}

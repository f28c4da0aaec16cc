import { Injectable } from '@nestjs/common';

import type { SigningKey } from '../../../formats/assertion/index.js';
import {
  type Answers,
  checkAnswers,
  type Question,
  signRegistrationRequest,
} from '../../../formats/registration-protocol/index.js';
import { Clock } from '../../../kernel/clock.js';
import { KeyService, SigningService } from '../../keys/index.js';
import { RegistrationVerifier } from '../verification/registration-verifier.js';
import type { VerifiedRegistration } from '../verification/verified-registration.js';
import type { AuthorityClient, Authorization, Credentials, RegistrationAnswer } from './authority-client.js';
import {
  AuthorityRefusedError,
  CredentialsRefusedError,
  IdentityKeyMissingError,
  IdentityProviderUnfitError,
  LoginRefusedError,
  OtpRefusedError,
  OtpRequiredError,
} from './client.errors.js';

export type RegistrationStep = 'contacting' | 'logging-in' | 'answering' | 'registering' | 'verifying';

/** The person who registers a store, or what he has left in his place. */
export abstract class Registrant {
  /**
   * @param refusal why the last ones did not do; null at first. Who has no others throws it.
   * @throws LoginRefusedError
   */
  abstract credentials(refusal: LoginRefusedError | null): Promise<Omit<Credentials, 'otp'>>;

  /** @param refusal why the last one did not do; null where one is asked for the first time */
  abstract otp(refusal: LoginRefusedError | null): Promise<string>;

  abstract answers(questions: readonly Question[]): Promise<Answers>;
}

export interface RegistrationInput {
  readonly client: AuthorityClient;
  /** Under which devices will reach the store. */
  readonly url: string;
  readonly registrant: Registrant;
  readonly onStep: (step: RegistrationStep) => void;
  readonly signal: AbortSignal;
}

/** Registers this store with an authority (docs/registration-protocol.md). Nothing is kept here, whatever happens. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly keys: KeyService,
    private readonly signing: SigningService,
    private readonly verifier: RegistrationVerifier,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws IdentityKeyMissingError before anybody is contacted
   * @throws LoginRefusedError, AuthorityRefusedError, InvalidAnswerError, RegistrationRefusedError, and what the way to the
   *   authority fails with; every time it can be tried again
   */
  async register(input: RegistrationInput): Promise<VerifiedRegistration> {
    const { client, registrant, url, onStep, signal } = input;
    const key = await this.identityKey();
    onStep('contacting');
    const root = await client.requestMacaroon(signal);
    const caveatId = theCaveat(root.caveatsFor(client.identityProvider), client);
    onStep('logging-in');
    const discharge = await logIn(client, caveatId, registrant, signal);
    const authorization: Authorization = { root, discharge: discharge.boundTo(root) };
    const questions = await client.questions(authorization, signal);
    if (questions.length > 0) onStep('answering');
    const answers = checkAnswers(questions, questions.length === 0 ? {} : await registrant.answers(questions));
    onStep('registering');
    const answer = await this.submit({ ...input, authorization, answers, key });
    onStep('verifying');
    return this.verifier.verify({ ...answer, url, keyId: key.id, privatePem: null, origin: 'authority' });
  }

  private async identityKey(): Promise<SigningKey> {
    const identity = await this.keys.find('identity');
    if (identity === null) throw new IdentityKeyMissingError('this store has no keys yet');
    return this.signing.signingKey(identity.id);
  }

  /** A nonce that was used up by a request whose answer was lost is no reason to give up: asking again gives the same answer. */
  private async submit(submission: Submission): Promise<RegistrationAnswer> {
    try {
      return await this.ask(submission);
    } catch (error) {
      submission.signal.throwIfAborted();
      if (error instanceof AuthorityRefusedError && error.details.authorityCode !== 'nonce-unknown') throw error;
      return this.ask(submission);
    }
  }

  private async ask({ client, authorization, answers, url, key, signal }: Submission): Promise<RegistrationAnswer> {
    const nonce = await client.nonce(authorization, signal);
    const request = { nonce, authority: client.location, url, answers };
    return client.register(authorization, signRegistrationRequest(request, key, this.clock.now()), signal);
  }
}

interface Submission extends RegistrationInput {
  readonly authorization: Authorization;
  readonly answers: Answers;
  readonly key: SigningKey;
}

function theCaveat(caveats: readonly { readonly id: Buffer }[], client: AuthorityClient): string {
  const [caveat] = caveats;
  if (caveat !== undefined && caveats.length === 1) return caveat.id.toString('utf8');
  const how = caveats.length === 0 ? 'does not let accounts log in' : 'wants more than one log-in';
  throw new IdentityProviderUnfitError(`${client.location} ${how} at ${client.identityProvider}`, {
    authority: client.location,
    identityProvider: client.identityProvider,
  });
}

async function logIn(client: AuthorityClient, caveatId: string, registrant: Registrant, signal: AbortSignal) {
  let credentials: Credentials = { ...(await registrant.credentials(null)), otp: null };
  for (;;) {
    try {
      return await client.discharge(caveatId, credentials, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LoginRefusedError)) throw error;
      credentials = await corrected(credentials, error, registrant);
    }
  }
}

/** What to try next. @throws the refusal itself where nothing else would help */
async function corrected(given: Credentials, refusal: LoginRefusedError, registrant: Registrant): Promise<Credentials> {
  if (refusal instanceof OtpRequiredError && given.otp === null) return { ...given, otp: await registrant.otp(null) };
  if (refusal instanceof OtpRefusedError) return { ...given, otp: await registrant.otp(refusal) };
  // A one-time password was used up with the wrong password beside it.
  if (refusal instanceof CredentialsRefusedError) return { ...(await registrant.credentials(refusal)), otp: null };
  throw refusal;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Assertion, decodeAssertion, decodeAssertionStream } from '../../../src/formats/assertion/index.js';
import {
  AuthorityRefusedError,
  CredentialsRefusedError,
  OtpRefusedError,
  RegistrationRefusedError,
  type RegistrationAnswer,
  TooManyAttemptsError,
} from '../../../src/modules/registration/index.js';
import { totpCode } from '../../../src/modules/registration/authority/login/totp.js';
import { type HttpAuthorityClient, UpstreamUnreachableError } from '../../../src/modules/upstream/index.js';
import { InvalidAnswerError } from '../../../src/formats/registration-protocol/index.js';
import { parseQuestions } from '../../../src/formats/registration-protocol/questions.js';
import { TestAuthority } from '../../support/test-authority.js';
import { AuthorityScene, ConnectedSide, EMAIL, PASSWORD, Person, URL_ASKED } from './scene.js';

const QUESTIONS = parseQuestions([
  { id: 'use', type: 'choice', text: 'What is it for?', required: true, choices: ['lab', 'production'] },
  { id: 'owner', type: 'text', text: 'Who runs it?' },
]);

/** The store assertion with another date in it, under the signature that it had. */
function forged(assertion: Assertion): Assertion {
  if (assertion.type.name !== 'store') return assertion;
  const text = assertion.encoded.toString().replace(/^timestamp: 2/m, 'timestamp: 1');
  return decodeAssertion(Buffer.from(text));
}

let authority: AuthorityScene;
let side: ConnectedSide;

beforeAll(async () => {
  authority = await AuthorityScene.open();
  side = await ConnectedSide.open(authority.rootStream);
});

afterAll(async () => {
  await side.close();
  await authority.close();
});

describe('registering with an authority', () => {
  it('gives the store an identity that devices can believe, and leaves it to the caller to keep it', async () => {
    const before = await side.store.tables();
    const registration = await side.register(authority.client());
    expect(await side.store.tables()).toBe(before);
    expect(await side.identity()).toBeNull();
    const types = registration.assertions.map(({ type }) => type.name);
    expect(types).toEqual(['account', 'account-key', 'store']);
    expect(registration).toMatchObject({ url: URL_ASKED, origin: 'authority', privatePem: null });
    expect(registration.storeId).toMatch(/^[A-Za-z0-9]{32}$/);
    await side.adopt(registration);
    expect(await side.identity()).toMatchObject({ storeId: registration.storeId, url: URL_ASKED });
  });

  it('gives the same answer again, and another revision of the same store for another URL', async () => {
    const first = await side.register(authority.client());
    const again = await side.register(authority.client());
    expect(again.assertions.at(-1)?.encoded).toEqual(first.assertions.at(-1)?.encoded);
    const moved = await side.register(authority.client(), { url: 'https://elsewhere.internal' });
    expect(moved.storeId).toBe(first.storeId);
    expect(moved.assertions.at(-1)?.revision).toBe((first.assertions.at(-1)?.revision ?? 0) + 1);
    await side.adopt(moved);
    expect(await side.identity()).toMatchObject({ storeId: first.storeId, url: 'https://elsewhere.internal' });
    const back = await side.register(authority.client());
    expect(back.assertions.at(-1)?.revision).toBe((moved.assertions.at(-1)?.revision ?? 0) + 1);
  });

  it('asks once more for an answer that was lost, and gets the same store', async () => {
    const client = authority.client();
    const real = client.register.bind(client);
    let lost: RegistrationAnswer | null = null;
    client.register = async (...request) => {
      const answer = await real(...request);
      if (lost !== null) return answer;
      lost = answer;
      throw new UpstreamUnreachableError(authority.server.url, 'it closed the connection');
    };
    const registration = await side.register(client, { url: 'https://lost.internal' });
    expect(registration.storeId).toBe(lost!.storeId);
  });

  it('tells nothing apart that a stranger could use, and lets whoever is asked try again', async () => {
    const stranger = new Person({ credentials: [{ email: 'nobody@example.org', password: PASSWORD }] });
    const refused = await side.register(authority.client(), { person: stranger }).catch((error: unknown) => error);
    const wrong = new Person({ credentials: [{ email: EMAIL, password: 'wrong' }] });
    const wrongly = await side.register(authority.client(), { person: wrong }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CredentialsRefusedError);
    expect((wrongly as Error).message).toBe((refused as Error).message);
    const corrected = new Person({
      credentials: [
        { email: EMAIL, password: 'wrong' },
        { email: EMAIL.toUpperCase(), password: PASSWORD },
      ],
    });
    await side.register(authority.client(), { person: corrected });
    expect(corrected.heard).toEqual(['credentials', 'credentials after credentials-refused']);
  });

  it('asks for a one-time password only where the account has one, and takes each once', async () => {
    const { totpSecret } = await authority.operators.add({
      email: 'second@example.org',
      password: PASSWORD,
      hasSecondFactor: true,
      reset: false,
    });
    const credentials = [{ email: 'second@example.org', password: PASSWORD }];
    const other = await ConnectedSide.open(authority.rootStream);
    try {
      const code = totpCode(totpSecret!, Math.floor(Date.now() / 30_000));
      const person = new Person({ credentials, otps: ['000000x', code] });
      await other.register(authority.client(), { person });
      expect(person.heard).toEqual(['credentials', 'otp', 'otp after otp-refused']);
      const again = new Person({ credentials, otps: [code] });
      await expect(other.register(authority.client(), { person: again })).rejects.toThrow(OtpRefusedError);
    } finally {
      await other.close();
    }
  });

  it('ends for a while after too many guesses, for the right password too', async () => {
    await authority.operators.add({
      email: 'guessed@example.org',
      password: PASSWORD,
      hasSecondFactor: false,
      reset: false,
    });
    const guess = (password: string) => {
      const person = new Person({ credentials: [{ email: 'guessed@example.org', password }] });
      return side.register(authority.client(), { person });
    };
    for (let attempt = 0; attempt < 10; attempt += 1)
      await expect(guess('wrong')).rejects.toThrow(CredentialsRefusedError);
    await expect(guess(PASSWORD)).rejects.toThrow(TooManyAttemptsError);
  });

  it('does not give a store to another operator who has its key', async () => {
    await authority.operators.add({
      email: 'thief@example.org',
      password: PASSWORD,
      hasSecondFactor: false,
      reset: false,
    });
    const person = new Person({ credentials: [{ email: 'thief@example.org', password: PASSWORD }] });
    await expect(side.register(authority.client(), { person })).rejects.toMatchObject({
      code: 'authority-refused',
      details: { authorityCode: 'registration-denied' },
    });
  });

  it.each(['ftp://snaps.internal', 'https://user:secret@snaps.internal', 'https://snaps.internal?x=1', 'https://'])(
    'refuses %s as the URL of a store',
    async (url) => {
      await expect(side.register(authority.client(), { url })).rejects.toThrow(AuthorityRefusedError);
    },
  );

  it('leaves no password in any log or error', async () => {
    const wrong = new Person({ credentials: [{ email: EMAIL, password: 'planted-wrong-password' }] });
    const error = await side.register(authority.client(), { person: wrong }).catch((thrown: unknown) => thrown);
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + authority.log;
    expect(authority.log).toContain('a log-in failed');
    expect(authority.log).toContain('a store assertion was issued');
    for (const secret of [PASSWORD, 'planted-wrong-password', 'Macaroon root', 'MDAx'])
      expect(told).not.toContain(secret);
  });
});

describe('what an authority answers', () => {
  it('is refused where no trusted root stands behind it', async () => {
    const doubtful = await ConnectedSide.open(TestAuthority.create('anotherroot').rootStream);
    try {
      await expect(doubtful.register(authority.client())).rejects.toMatchObject({ details: { flaw: 'trust' } });
      expect(await doubtful.identity()).toBeNull();
    } finally {
      await doubtful.close();
    }
  });

  it.each<[string, string, (answer: RegistrationAnswer) => RegistrationAnswer]>([
    ['store-id', 'names another store', (answer) => ({ ...answer, storeId: 'x'.repeat(32) })],
    [
      'key',
      'says nothing of its key',
      (answer) => ({ ...answer, assertions: answer.assertions.filter(({ type }) => type.name !== 'account-key') }),
    ],
    [
      'trust',
      'says something else than was signed',
      (answer) => ({ ...answer, assertions: answer.assertions.map(forged) }),
    ],
  ])('is refused (%s) where it %s', async (flaw, _, change) => {
    const client = authority.client();
    const real = client.register.bind(client);
    client.register = async (...request) => change(await real(...request));
    const error = await side.register(client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RegistrationRefusedError);
    expect(error).toMatchObject({ details: { flaw } });
  });

  it('is refused where it was made for another URL, or for the key of another store', async () => {
    const answers = new Map<string, RegistrationAnswer>();
    const overheard = (name: string, played: string | null = null): HttpAuthorityClient => {
      const client = authority.client();
      const real = client.register.bind(client);
      client.register = async (...request) => {
        const answer = await real(...request);
        answers.set(name, answer);
        return answers.get(played ?? name) ?? answer;
      };
      return client;
    };
    await side.register(overheard('first'), { url: 'https://one.internal' });
    const forAnotherUrl = side.register(overheard('second', 'first'), { url: 'https://two.internal' });
    await expect(forAnotherUrl).rejects.toMatchObject({ details: { flaw: 'url' } });
    const other = await ConnectedSide.open(authority.rootStream);
    try {
      const forAnotherKey = other.register(overheard('third', 'first'), { url: 'https://one.internal' });
      await expect(forAnotherKey).rejects.toMatchObject({ details: { flaw: 'key' } });
    } finally {
      await other.close();
    }
  });
});

describe('an authority with questions', () => {
  it('gets them answered, keeps the answers, and refuses to do without', async () => {
    const curious = await AuthorityScene.open({ questions: QUESTIONS });
    const asked = await ConnectedSide.open(curious.rootStream);
    try {
      const silent = new Person({ answers: { owner: 'me' } });
      await expect(asked.register(curious.client(), { person: silent })).rejects.toThrow(InvalidAnswerError);
      // A client that does not look has its request refused.
      const careless = curious.client();
      careless.questions = () => Promise.resolve([]);
      await expect(asked.register(careless)).rejects.toMatchObject({ details: { authorityCode: 'answer-invalid' } });
      const person = new Person({ answers: { use: 'lab', owner: 'me' } });
      const registration = await asked.register(curious.client(), { person });
      expect(person.heard).toContain('answers use owner');
      expect(registration.storeId).not.toBeNull();
    } finally {
      await asked.close();
      await curious.close();
    }
  });
});

describe('the stream that devices get', () => {
  it('is what the authority signed, without the root that they know', async () => {
    const registration = await side.register(authority.client(), { url: 'https://stream.internal' });
    const roots = await decodeAssertionStream(authority.rootStream);
    for (const assertion of registration.assertions)
      expect(roots.some((root) => root.ref.id === assertion.ref.id)).toBe(false);
  });
});

import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SigningKey } from '../../../src/formats/assertion/index.js';
import { decodeMacaroon, encodeMacaroon, Macaroon } from '../../../src/formats/macaroon/index.js';
import { signRegistrationRequest } from '../../../src/formats/registration-protocol/index.js';
import { AuthorityScene, EMAIL, newPem, PASSWORD, URL_ASKED } from './scene.js';

let scene: AuthorityScene;
const key = new SigningKey(createPrivateKey(newPem()));

interface Said {
  readonly status: number;
  readonly code: string | undefined;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function ask(path: string, body?: unknown, authorization?: string): Promise<Said> {
  const response = await fetch(`${scene.server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: authorization === undefined ? {} : { authorization },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  const list = answer.error_list as { code: string }[] | undefined;
  return { status: response.status, code: list?.[0]?.code, body: answer, headers: response.headers };
}

const place = () => new URL(scene.server.url).host;

async function newRoot(): Promise<Macaroon> {
  return decodeMacaroon((await ask('/api/registration/v1/macaroon', {})).body.macaroon as string);
}

async function newDischarge(root: Macaroon, email = EMAIL): Promise<Macaroon> {
  const caveat_id = root.caveatsFor(place())[0]!.id.toString();
  const { body } = await ask('/api/v2/tokens/discharge', { email, password: PASSWORD, caveat_id });
  return decodeMacaroon(body.discharge_macaroon as string);
}

const headerOf = (root: Macaroon, discharge: Macaroon) =>
  `Macaroon root="${encodeMacaroon(root)}", discharge="${encodeMacaroon(discharge)}"`;

async function loggedIn(email = EMAIL): Promise<string> {
  const root = await newRoot();
  return headerOf(root, (await newDischarge(root, email)).boundTo(root));
}

async function newNonce(authorization: string): Promise<string> {
  return (await ask('/api/registration/v1/nonces', {}, authorization)).body.nonce as string;
}

const signed = (nonce: string, changes: object = {}) =>
  signRegistrationRequest(
    { nonce, authority: scene.server.url, url: URL_ASKED, answers: {}, ...changes },
    key,
    new Date(),
  );

beforeAll(async () => {
  scene = await AuthorityScene.open();
  await scene.operators.add({ email: 'other@example.org', password: PASSWORD, hasSecondFactor: false, reset: false });
});

afterAll(() => scene.close());

describe('the right to speak to the authority', () => {
  it('comes with a discharge that is bound to its macaroon', async () => {
    expect((await ask('/api/registration/v1/questions', undefined, await loggedIn())).body).toEqual({ questions: [] });
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ['no macaroon', () => Promise.resolve(undefined)],
    ['something else', () => Promise.resolve('Bearer x')],
    ['macaroons that are none', () => Promise.resolve('Macaroon root="x", discharge="y"')],
    [
      'a discharge that is bound to another macaroon',
      async () => {
        const root = await newRoot();
        return headerOf(root, (await newDischarge(root)).boundTo(await newRoot()));
      },
    ],
    [
      'a discharge that is not bound',
      async () => {
        const root = await newRoot();
        return headerOf(root, await newDischarge(root));
      },
    ],
    [
      'a discharge of another macaroon',
      async () => {
        const root = await newRoot();
        return headerOf(root, (await newDischarge(await newRoot())).boundTo(root));
      },
    ],
    [
      'no discharge but the macaroon again',
      async () => {
        const root = await newRoot();
        return headerOf(root, root);
      },
    ],
    [
      'a macaroon of somebody else',
      async () => {
        const root = Macaroon.create(place(), Buffer.from('x'), Buffer.from('guessed'));
        return headerOf(root, (await newDischarge(await newRoot())).boundTo(root));
      },
    ],
    [
      'a macaroon to which its holder has written another account',
      async () => {
        const root = await newRoot();
        const discharge = (await newDischarge(root)).withCaveat('account somebody-else');
        return headerOf(root, discharge.boundTo(root));
      },
    ],
    [
      'a macaroon whose time is over',
      async () => {
        const root = (await newRoot()).withCaveat('expires 2020-01-01T00:00:00.000Z');
        return headerOf(root, (await newDischarge(root)).boundTo(root));
      },
    ],
    [
      'a macaroon with a condition that nobody knows',
      async () => {
        const root = (await newRoot()).withCaveat('colour red');
        return headerOf(root, (await newDischarge(root)).boundTo(root));
      },
    ],
  ])('is not %s', async (_, header) => {
    const authorization = await header();
    for (const [path, body] of [
      ['questions', undefined],
      ['nonces', {}],
      ['registrations', {}],
    ] as const) {
      const said = await ask(`/api/registration/v1/${path}`, body, authorization);
      expect([said.status, said.code]).toEqual([401, 'authorization-invalid']);
    }
  });

  it("is not given for a caveat that is nobody's", async () => {
    const { status, code } = await ask('/api/v2/tokens/discharge', {
      email: EMAIL,
      password: PASSWORD,
      caveat_id: 'made up',
    });
    expect([status, code]).toEqual([401, 'authorization-invalid']);
  });
});

describe('a nonce', () => {
  it('is of use once', async () => {
    const authorization = await loggedIn();
    const request = signed(await newNonce(authorization));
    expect((await ask('/api/registration/v1/registrations', { request }, authorization)).status).toBe(200);
    const replayed = await ask('/api/registration/v1/registrations', { request }, authorization);
    expect([replayed.status, replayed.code]).toEqual([409, 'nonce-unknown']);
  });

  it('is used up by two who come at once for one of them', async () => {
    const authorization = await loggedIn();
    const request = signed(await newNonce(authorization));
    const both = await Promise.all(
      [1, 2].map(() => ask('/api/registration/v1/registrations', { request }, authorization)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('is of no use to another account, and of none that was never given out', async () => {
    const nonce = await newNonce(await loggedIn());
    const other = await loggedIn('other@example.org');
    for (const request of [signed(nonce), signed('made up')]) {
      expect((await ask('/api/registration/v1/registrations', { request }, other)).code).toBe('nonce-unknown');
    }
  });

  it('is forgotten for newer ones where somebody asks for many', async () => {
    const authorization = await loggedIn('other@example.org');
    const first = await newNonce(authorization);
    for (let count = 0; count < 10; count += 1) await newNonce(authorization);
    const said = await ask('/api/registration/v1/registrations', { request: signed(first) }, authorization);
    expect(said.code).toBe('nonce-unknown');
  });
});

describe('a request', () => {
  it.each<[string, number, string, (nonce: string) => unknown]>([
    [
      'for another authority',
      403,
      'registration-denied',
      (nonce) => signed(nonce, { authority: 'https://authority.example' }),
    ],
    ['that is no object', 400, 'registration-request-invalid', () => 'x'],
    ['without its signature', 400, 'registration-request-invalid', (nonce) => ({ ...signed(nonce), signature: '' })],
    [
      'signed for something else',
      400,
      'registration-request-invalid',
      (nonce) => ({ ...signed(nonce), payload: signed('another').payload }),
    ],
    [
      'with answers to questions that are not asked',
      400,
      'answer-invalid',
      (nonce) => signed(nonce, { answers: { x: 'y' } }),
    ],
    ['for no URL', 403, 'registration-denied', (nonce) => signed(nonce, { url: 'snaps.internal' })],
  ])('%s is refused', async (_, status, code, make) => {
    const authorization = await loggedIn();
    const said = await ask(
      '/api/registration/v1/registrations',
      { request: make(await newNonce(authorization)) },
      authorization,
    );
    expect([said.status, said.code]).toEqual([status, code]);
  });

  it.each<[string, string, unknown, number]>([
    ['no JSON', '/api/v2/tokens/discharge', '{', 400],
    ['no object', '/api/v2/tokens/discharge', '[]', 400],
    ['no password', '/api/v2/tokens/discharge', { email: EMAIL, caveat_id: 'x' }, 400],
    ['a password that is no text', '/api/v2/tokens/discharge', { email: EMAIL, password: 1, caveat_id: 'x' }, 400],
    ['more than is read', '/api/v2/tokens/discharge', { email: 'x'.repeat(20_000) }, 413],
  ])('with %s is refused in a form that clients read', async (_, path, body, status) => {
    const said = await ask(path, body);
    expect(said.status).toBe(status);
    expect(said.body).toMatchObject({ code: expect.any(String) as string, message: expect.any(String) as string });
  });

  it('that goes nowhere says so as JSON', async () => {
    const response = await fetch(`${scene.server.url}/dev/api/acl/`, { method: 'POST' });
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/json');
  });
});

describe('a refusal of the identity provider', () => {
  it('reads as snapd and snapcraft read it', async () => {
    const root = await newRoot();
    const caveat_id = root.caveatsFor(place())[0]!.id.toString();
    const { status, body } = await ask('/api/v2/tokens/discharge', { email: EMAIL, password: 'x', caveat_id });
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'INVALID_CREDENTIALS', error_list: [{ code: 'invalid-credentials' }] });
  });

  it('says how long to wait', async () => {
    const attempts: Said[] = [];
    for (let count = 0; count < 11; count += 1) {
      attempts.push(
        await ask('/api/v2/tokens/discharge', { email: 'nobody@example.org', password: 'x', caveat_id: 'x' }),
      );
    }
    expect(attempts.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    const last = attempts.at(-1)!;
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(last.body.code).toBe('TOO_MANY_REQUESTS');
  });
});

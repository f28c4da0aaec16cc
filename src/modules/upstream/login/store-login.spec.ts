import { describe, expect, it } from 'vitest';

import { decodeMacaroon, encodeMacaroon, Macaroon, verifyMacaroon } from '../../../formats/macaroon/index.js';
import { credentialsOf, readStoreLogin } from './store-login.js';
import { StoreLoginUnreadableError } from './store-login.errors.js';

const key = Buffer.from('known to the store only');
const caveatKey = Buffer.from('known to both');
const root = Macaroon.create('dashboard.snapcraft.io', Buffer.from('root'), key).withThirdPartyCaveat({
  location: 'login.ubuntu.com',
  key: caveatKey,
  id: Buffer.from('who'),
});
const discharge = Macaroon.create('login.ubuntu.com', Buffer.from('who'), caveatKey);
const [r, d] = [encodeMacaroon(root), encodeMacaroon(discharge)];
const ini = `[login.ubuntu.com]\nmacaroon = ${r}\nunbound_discharge = ${d}\nemail = a@example.com\n`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the file of "snapcraft export-login"', () => {
  it.each([
    ['snapcraft 7 and later', base64(JSON.stringify({ t: 'u1-macaroon', v: { r, d } }))],
    ['its JSON', `${JSON.stringify({ t: 'u1-macaroon', v: { r, d } })}\n`],
    ['the first of snapcraft 7', base64(JSON.stringify({ r, d }))],
    ['snapcraft 2 to 6', ini],
    ['snapcraft 6 in base64', base64(ini)],
    ['wrapped lines', base64(ini).replace(/.{60}/g, '$&\n')],
  ])('of %s becomes macaroons that the store takes', (_, text) => {
    const { authorization = '' } = credentialsOf(readStoreLogin(text));
    const [, sentRoot = '', sentDischarge = ''] =
      /^Macaroon root="([^"]+)", discharge="([^"]+)"$/.exec(authorization) ?? [];
    expect(sentRoot).toBe(r);
    const verify = (bound: Macaroon) => {
      verifyMacaroon(decodeMacaroon(sentRoot), key, [bound], () => false);
    };
    verify(decodeMacaroon(sentDischarge));
    expect(() => {
      verify(discharge);
    }).toThrow();
  });

  it.each([
    [
      'a browser log-in',
      base64(JSON.stringify({ t: 'macaroon', v: 'W3siaSI6ImEifV0=' })),
      { authorization: 'Macaroon W3siaSI6ImEifV0=' },
    ],
    ['a bare list of a bakery', base64(base64('[{"i":"a"}]')), { authorization: `Macaroon ${base64('[{"i":"a"}]')}` }],
    ['a bearer token', base64(JSON.stringify({ t: 'bearer', v: 'abc' })), { authorization: 'Bearer abc' }],
    [
      'a browser log-in of snapcraft 6',
      '[dashboard.snapcraft.io]\nmacaroon = {"a": 1}\nauth = W3t9XQ==\n',
      { macaroons: 'W3t9XQ==' },
    ],
  ])('of %s is sent as it is', (_, text, headers) => {
    expect(credentialsOf(readStoreLogin(text))).toEqual(headers);
  });

  it.each([
    ['nothing', ' \n'],
    ['something else', 'hello, world'],
    ['an unknown type', JSON.stringify({ t: 'secret-type', v: 'SECRET' })],
    ['broken JSON', '{"t":"u1-macaroon","v":{"r":"SECRET'],
    ['no discharge', JSON.stringify({ t: 'u1-macaroon', v: { r } })],
    ['a macaroon that is none', JSON.stringify({ r, d: 'SECRET' })],
    ['a header within', JSON.stringify({ t: 'macaroon', v: 'SECRET\r\nx: y' })],
    ['another section', '[elsewhere]\nmacaroon = SECRET\n'],
    ['far too much', 'x'.repeat(300_000)],
  ])('with %s is refused, and not repeated', (_, text) => {
    try {
      readStoreLogin(text);
      expect.fail('it was taken');
    } catch (error) {
      expect(error).toBeInstanceOf(StoreLoginUnreadableError);
      expect(JSON.stringify([error, (error as Error).message])).not.toContain('SECRET');
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  decodeMacaroon,
  encodeMacaroon,
  InvalidMacaroonError,
  Macaroon,
  type MacaroonFields,
  MacaroonRefusedError,
  verifyMacaroon,
} from './index.js';

const SECRET = Buffer.from('this is a different super-secret key; never use the same secret twice');
const CAVEAT_KEY = Buffer.from('4; guaranteed random by a fair toss of the dice');
const CAVEAT_ID = Buffer.from('this was how we remind auth of key/pred');
const AUTH = 'http://auth.mybank/';

/** The second example of libmacaroons' documentation, with its nonce of zeros. */
function published(): { root: Macaroon; discharge: Macaroon } {
  return {
    root: Macaroon.create('http://mybank/', Buffer.from('we used our other secret key'), SECRET)
      .withCaveat('account = 3735928559')
      .withThirdPartyCaveat({ location: AUTH, key: CAVEAT_KEY, id: CAVEAT_ID, nonce: Buffer.alloc(24) }),
    discharge: Macaroon.create(AUTH, CAVEAT_ID, CAVEAT_KEY).withCaveat('time < 2015-01-01T00:00'),
  };
}

/** As somebody would who holds it and has no key. */
function changed({ location, identifier, caveats, signature }: Macaroon, fields: Partial<MacaroonFields>): Macaroon {
  return Macaroon.fromParts({ location, identifier, caveats, signature, ...fields });
}

const accepts = (): boolean => true;
const hex = ({ signature }: Macaroon): string => signature.toString('hex');

describe('macaroons that others have published', () => {
  const first = Macaroon.create(
    'http://mybank/',
    Buffer.from('we used our secret key'),
    Buffer.from('this is our super secret key; only we should know it'),
  );

  it('have our signatures', () => {
    expect(hex(first)).toBe('e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f');
    expect(hex(first.withCaveat('test = caveat'))).toBe(
      '197bac7a044af33332865b9266e26d493bdd668a660e44d88ce1a998c23dbd67',
    );
    const { root, discharge } = published();
    expect(hex(root)).toBe('d27db2fd1f22760e4c3dae8137e2d8fc1df6c0741c18aed4b97256bf78d1f55c');
    expect(hex(discharge)).toBe('82a80681f9f32d419af12f6a71787a1bac3ab199df934ed950ddf20c25ac8c65');
    expect(hex(discharge.boundTo(root))).toBe('2eb01d0dd2b4475330739140188648cf25dda0425ea9f661f1574ca0a9eac54e');
  });

  it('are written byte for byte alike in version 1', () => {
    expect(encodeMacaroon(first)).toBe(
      'MDAxY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMjZpZGVudGlmaWVyIHdlIHVzZWQgb3VyIHNlY3JldCBrZXkKMDAyZnNpZ25hdHVyZSDj2eApCFJsTAA5rhURQRXZf91ovyujebNCqvD2F9BVLwo',
    );
    expect(encodeMacaroon(published().root)).toBe(
      'MDAxY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMmNpZGVudGlmaWVyIHdlIHVzZWQgb3VyIG90aGVyIHNlY3JldCBrZXkKMDAxZGNpZCBhY2NvdW50ID0gMzczNTkyODU1OQowMDMwY2lkIHRoaXMgd2FzIGhvdyB3ZSByZW1pbmQgYXV0aCBvZiBrZXkvcHJlZAowMDUxdmlkIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAANNuxQLgWIbR8CefBV-lJVTRbRbBsUB0u7g_8P3XncL-CY8O1KKwkRMOa120aiCoawowMDFiY2wgaHR0cDovL2F1dGgubXliYW5rLwowMDJmc2lnbmF0dXJlINJ9sv0fInYOTD2ugTfi2Pwd9sB0HBiu1LlyVr940fVcCg',
    );
  });

  it.each([
    ['AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAAYgfN7nklEcW8b1KEhYBd_psk54XijiqZMB-dcRxgnjjvc', 2, []],
    [
      'AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAhRhY2NvdW50ID0gMzczNTkyODU1OQAABiD1SAf23G7fiL8PcwazgiVio2JTPb9zObphdl2kvSWdhw',
      2,
      ['account = 3735928559'],
    ],
    [
      'AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAhRhY2NvdW50ID0gMzczNTkyODU1OQACDHVzZXIgPSBhbGljZQAABiBL6WfNHqDGsmuvakqU7psFsViG2guoXoxCqTyNDhJe_A',
      2,
      ['account = 3735928559', 'user = alice'],
    ],
    [
      'MDAyMWxvY2F0aW9uIGh0dHA6Ly9leGFtcGxlLm9yZy8KMDAxNWlkZW50aWZpZXIga2V5aWQKMDAyZnNpZ25hdHVyZSB83ueSURxbxvUoSFgF3-myTnheKOKpkwH51xHGCeOO9wo',
      1,
      [],
    ],
    [
      'MDAyMWxvY2F0aW9uIGh0dHA6Ly9leGFtcGxlLm9yZy8KMDAxNWlkZW50aWZpZXIga2V5aWQKMDAxZGNpZCBhY2NvdW50ID0gMzczNTkyODU1OQowMDJmc2lnbmF0dXJlIPVIB_bcbt-Ivw9zBrOCJWKjYlM9v3M5umF2XaS9JZ2HCg',
      1,
      ['account = 3735928559'],
    ],
  ] as const)('%.20s… is read, verified with its key and no other, and written again', (text, version, conditions) => {
    const macaroon = decodeMacaroon(text);
    expect(macaroon.location).toBe('http://example.org/');
    expect(macaroon.caveats.map(({ id }) => id.toString())).toEqual(conditions);
    expect(encodeMacaroon(macaroon, version)).toBe(text);
    const met: string[] = [];
    verifyMacaroon(macaroon, Buffer.from('this is the key'), [], (condition) => met.push(condition) > 0);
    expect(met).toEqual(conditions);
    expect(() => {
      verifyMacaroon(macaroon, Buffer.from('this is not the key'), [], accepts);
    }).toThrow(MacaroonRefusedError);
  });

  it('are read padded and in the other alphabet too', () => {
    const standard = Buffer.from(encodeMacaroon(published().root), 'base64url').toString('base64');
    expect(hex(decodeMacaroon(standard))).toBe(hex(published().root));
  });
});

describe(verifyMacaroon.name, () => {
  it('wants every third-party caveat discharged, by a discharge that is bound to this macaroon', () => {
    const { root, discharge } = published();
    const bound = discharge.boundTo(root);
    verifyMacaroon(root, SECRET, [bound], accepts);
    const another = root.withCaveat('colour = red');
    for (const discharges of [[], [discharge], [discharge.boundTo(another)], [bound, bound.withCaveat('x')]]) {
      expect(() => {
        verifyMacaroon(root, SECRET, discharges, accepts);
      }).toThrow(MacaroonRefusedError);
    }
  });

  it('wants the conditions of the macaroon and of its discharges met', () => {
    const { root, discharge } = published();
    for (const unmet of ['account = 3735928559', 'time < 2015-01-01T00:00']) {
      expect(() => {
        verifyMacaroon(root, SECRET, [discharge.boundTo(root)], (condition) => condition !== unmet);
      }).toThrow(unmet);
    }
  });

  it('takes no discharge made with another key', () => {
    const { root } = published();
    const forged = Macaroon.create(AUTH, CAVEAT_ID, Buffer.from('guessed')).boundTo(root);
    expect(() => {
      verifyMacaroon(root, SECRET, [forged], accepts);
    }).toThrow('signature');
  });

  it('takes no macaroon from which a caveat was taken away', () => {
    const { root } = published();
    const widened = changed(root, { caveats: root.caveats.slice(1) });
    expect(() => {
      verifyMacaroon(widened, SECRET, [], accepts);
    }).toThrow('signature');
  });

  it('does not follow discharges of discharges without end', () => {
    const key = Buffer.from('k');
    let root = Macaroon.create(null, Buffer.from('root'), SECRET);
    root = root.withThirdPartyCaveat({ location: 'x', key, id: Buffer.from('0') });
    const chain = Array.from({ length: 8 }, (_, index) =>
      Macaroon.create(null, Buffer.from(String(index)), key).withThirdPartyCaveat({
        location: 'x',
        key,
        id: Buffer.from(String(index + 1)),
      }),
    ).map((discharge) => discharge.boundTo(root));
    expect(() => {
      verifyMacaroon(root, SECRET, chain, accepts);
    }).toThrow('nested too deep');
  });
});

describe(decodeMacaroon.name, () => {
  const [root] = [published().root];
  const one = Buffer.from(encodeMacaroon(root), 'base64url');
  const two = Buffer.from(encodeMacaroon(root, 2), 'base64url');

  it('reads what was written, in both versions', () => {
    for (const version of [1, 2] as const) {
      const again = decodeMacaroon(encodeMacaroon(root, version));
      expect(again).toEqual(root);
      expect(again.caveatsFor(AUTH).map(({ id }) => id.toString())).toEqual([CAVEAT_ID.toString()]);
    }
  });

  it.each([
    ['nothing', ''],
    ['something else than base64', 'macaroon!'],
    ['a JSON document', Buffer.from('{"v":2}').toString('base64url')],
    ['what goes on after its end', Buffer.concat([one, Buffer.from('0009cid \n')]).toString('base64url')],
    ['what goes on after its end in version 2', Buffer.concat([two, Buffer.of(0)]).toString('base64url')],
    ['a short signature', encodeMacaroon(changed(root, { signature: Buffer.alloc(31) }))],
    [
      'a short verification id',
      encodeMacaroon(changed(root, { caveats: [{ id: CAVEAT_ID, verificationId: Buffer.alloc(9), location: AUTH }] })),
    ],
    [
      'too many caveats',
      encodeMacaroon(
        changed(root, {
          caveats: Array.from({ length: 101 }, () => ({ id: Buffer.of(65), verificationId: null, location: null })),
        }),
      ),
    ],
  ])('refuses %s', (_, text) => {
    expect(() => decodeMacaroon(text)).toThrow(InvalidMacaroonError);
  });

  it('does not even look at more than a header holds', () => {
    expect(() => decodeMacaroon('A'.repeat(64 * 1024 + 1))).toThrow('too long');
  });

  it('refuses every part of a macaroon', () => {
    for (const bytes of [one, two])
      for (let end = 0; end < bytes.length; end += 1)
        expect(() => decodeMacaroon(bytes.subarray(0, end).toString('base64url')), String(end)).toThrow(
          InvalidMacaroonError,
        );
  });

  it('takes damage for nothing that verifies, and fails in no other way than by saying so', () => {
    fc.assert(
      fc.property(fc.constantFrom(one, two), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, change) => {
        const damaged = Buffer.from(bytes);
        const at = place % damaged.length;
        damaged[at] = (damaged[at] ?? 0) ^ change;
        try {
          const macaroon = decodeMacaroon(damaged.toString('base64url'));
          verifyMacaroon(macaroon, SECRET, [published().discharge.boundTo(macaroon)], accepts);
          // Only the hints where to ask are not signed.
          expect(
            changed(macaroon, {
              location: root.location,
              caveats: macaroon.caveats.map((caveat, index) => ({
                ...caveat,
                location: root.caveats[index]?.location ?? null,
              })),
            }),
          ).toEqual(root);
        } catch (error) {
          if (!(error instanceof InvalidMacaroonError || error instanceof MacaroonRefusedError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isSecond) => {
        try {
          decodeMacaroon(Buffer.concat([Buffer.from(isSecond ? [2] : []), bytes]).toString('base64url'));
        } catch (error) {
          if (!(error instanceof InvalidMacaroonError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('does not write what version 1 cannot hold', () => {
    const long = Macaroon.create(null, Buffer.alloc(70_000), SECRET);
    expect(() => encodeMacaroon(long)).toThrow(InvalidMacaroonError);
  });
});

import { randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';

import { boundSignature, derivedKey, hash, hashBoth } from './hashes.js';

export const NONCE_BYTES = 24;

/** A condition, or, with a verification id, a condition that somebody else has to confirm with a discharge. */
export interface Caveat {
  /** The condition; for a third party whatever it knows the condition by. */
  readonly id: Buffer;
  /** The discharge's key, readable for whoever knows the signature at this place; null for a first-party caveat. */
  readonly verificationId: Buffer | null;
  /** Where to ask for the discharge; a hint that is not signed. */
  readonly location: string | null;
}

export interface MacaroonFields {
  /** A hint that is not signed; null where there is none. */
  readonly location: string | null;
  readonly identifier: Buffer;
  readonly caveats: readonly Caveat[];
  readonly signature: Buffer;
}

interface ThirdParty {
  readonly location: string;
  /** Shared with the third party, by way of `id` or otherwise. */
  readonly key: Uint8Array;
  readonly id: Uint8Array;
  /** Only for tests with known answers. */
  readonly nonce?: Uint8Array;
}

/**
 * A bearer token that whoever holds it can narrow and not widen (Birgisson et al., 2014; the constructions of libmacaroons, which
 * snapd and its stores use). Never changes: adding a caveat makes another one.
 */
export class Macaroon {
  readonly location: string | null;
  readonly identifier: Buffer;
  readonly caveats: readonly Caveat[];
  readonly signature: Buffer;

  private constructor(fields: MacaroonFields) {
    this.location = fields.location;
    this.identifier = fields.identifier;
    this.caveats = fields.caveats;
    this.signature = fields.signature;
  }

  /** @param key secret, of any length */
  static create(location: string | null, identifier: Uint8Array, key: Uint8Array): Macaroon {
    const signature = hash(derivedKey(key), identifier);
    return new Macaroon({ location, identifier: Buffer.from(identifier), caveats: [], signature });
  }

  /** As it was read; whether the signature holds is for `verifyMacaroon`. */
  static fromParts(fields: MacaroonFields): Macaroon {
    return new Macaroon(fields);
  }

  withCaveat(condition: string): Macaroon {
    const id = Buffer.from(condition, 'utf8');
    return this.with({ id, verificationId: null, location: null }, hash(this.signature, id));
  }

  withThirdPartyCaveat({ location, key, id, nonce = randomBytes(NONCE_BYTES) }: ThirdParty): Macaroon {
    const sealed = xsalsa20poly1305(this.signature, nonce).encrypt(derivedKey(key));
    const verificationId = Buffer.concat([nonce, sealed]);
    const caveat: Caveat = { id: Buffer.from(id), verificationId, location };
    return this.with(caveat, hashBoth(this.signature, verificationId, caveat.id));
  }

  /** This discharge, of use together with that root macaroon only. */
  boundTo(root: Macaroon): Macaroon {
    const { location, identifier, caveats } = this;
    return new Macaroon({ location, identifier, caveats, signature: boundSignature(root.signature, this.signature) });
  }

  /** The third-party caveats that are to be discharged at this place. */
  caveatsFor(location: string): Caveat[] {
    return this.caveats.filter((caveat) => caveat.verificationId !== null && caveat.location === location);
  }

  private with(caveat: Caveat, signature: Buffer): Macaroon {
    const { location, identifier, caveats } = this;
    return new Macaroon({ location, identifier, caveats: [...caveats, caveat], signature });
  }
}

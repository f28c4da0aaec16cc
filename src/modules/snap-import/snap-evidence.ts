import type { Assertion } from '../../formats/assertion/index.js';
import type { BundlePlace } from '../../formats/bundle/index.js';
import { Sha3_384 } from '../../kernel/digest.js';
import type { CarriedAssertions } from './carried-assertions.js';
import type { CarriedSnap } from './carried-file.js';
import { SnapRefusedError } from './import.errors.js';

/** What verified assertions say of one snap file. */
export interface SnapClaim {
  readonly snapId: string;
  /** As the snap-declaration gives it. */
  readonly name: string;
  readonly publisherId: string;
  /** The user name of the publisher's account; null where it has none. */
  readonly publisherName: string | null;
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly sizeBytes: number;
  readonly developerId: string;
  readonly provenance: string;
  readonly createdAt: Date;
}

/** What the carried file says of a snap in it. */
export type SnapSubject = Pick<CarriedSnap, 'declared' | 'sizeBytes'>;

/** What a snap's own meta/snap.yaml says of what assertions say too. */
export interface SnapSelfDescription {
  readonly name: string;
  readonly provenance: string;
}

/**
 * Holds snap files against verified assertions, as a device will (snapd: asserts/snapasserts/snapasserts.go, CrossCheck and
 * CheckProvenanceWithVerifiedRevision). Whether a provenance is allowed to its authority is part of verifying a snap-revision.
 */
export class SnapEvidence {
  constructor(private readonly assertions: CarriedAssertions) {}

  /**
   * What the file must turn out to be, as far as that can be said before it is read; null where only its digest will tell.
   * @throws SnapRefusedError where it is certain already that it will not do
   */
  async expectation(place: BundlePlace, snap: SnapSubject): Promise<SnapClaim | null> {
    if (snap.declared !== null) return this.claim(place, snap, snap.declared.digest);
    const [only, ...others] = this.assertions.ofType('snap-revision');
    if (only === undefined) throw refused(place, 'has no snap-revision assertion that comes with it');
    if (others.length > 0) return null;
    return this.claim(place, snap, digestOf(only));
  }

  /** What the assertions say of the file with this content. @throws SnapRefusedError */
  async claim(place: BundlePlace, snap: SnapSubject, digest: Sha3_384): Promise<SnapClaim> {
    const assertion = await this.snapRevision(place, snap, digest);
    const snapId = assertion.text('snap-id');
    const revision = Number(assertion.text('snap-revision'));
    const sizeBytes = Number(assertion.text('snap-size'));
    if (sizeBytes !== snap.sizeBytes) {
      const says = `its snap-revision assertion says ${sizeBytes}`;
      throw refused(place, `has ${snap.sizeBytes} bytes, and ${says}`);
    }
    const { declared } = snap;
    if (declared !== null && (declared.snapId !== snapId || declared.revision !== revision)) {
      const claimed = `revision ${declared.revision} of ${declared.snapId}`;
      throw refused(place, `is declared as ${claimed}, and signed as revision ${revision} of ${snapId}`);
    }
    const { name, publisherId, publisherName } = await this.publishedSnap(place, snapId);
    if (declared !== null && declared.name !== name) {
      throw refused(place, `is declared as "${declared.name}", and its snap-declaration says "${name}"`);
    }
    return {
      snapId,
      name,
      publisherId,
      publisherName,
      revision,
      digest,
      sizeBytes,
      developerId: assertion.text('developer-id'),
      provenance: assertion.text('provenance'),
      createdAt: new Date(assertion.text('timestamp')),
    };
  }

  /** As its snap-declaration says. @throws SnapRefusedError, see `declaration` */
  async publishedSnap(
    place: BundlePlace,
    snapId: string,
  ): Promise<Pick<SnapClaim, 'name' | 'publisherId' | 'publisherName'>> {
    const declaration = await this.declaration(place, snapId);
    const publisherId = declaration.text('publisher-id');
    return { name: declaration.text('snap-name'), publisherId, publisherName: await this.userNameOf(publisherId) };
  }

  /** @throws SnapRefusedError where there is none, its publisher is not known, or it is revoked */
  async declaration(place: BundlePlace, snapId: string): Promise<Assertion> {
    const declaration = await this.assertions.find('snap-declaration', ['16', snapId]);
    if (declaration === null) throw refused(place, `has no snap-declaration assertion for its snap-id ${snapId}`);
    if (declaration.text('snap-name') === '') {
      throw refused(place, `has a snap-declaration that is revoked (snap-id ${snapId})`);
    }
    const publisherId = declaration.text('publisher-id');
    if ((await this.assertions.find('account', [publisherId])) === null) {
      throw refused(place, `has no account assertion for its publisher ${publisherId}`);
    }
    return declaration;
  }

  /** The user name of an account; null where it has none. */
  async userNameOf(accountId: string): Promise<string | null> {
    const userName = (await this.assertions.find('account', [accountId]))?.headers.username;
    return typeof userName === 'string' && userName !== '' ? userName : null;
  }

  private async snapRevision(place: BundlePlace, snap: SnapSubject, digest: Sha3_384): Promise<Assertion> {
    const carried = this.assertions
      .ofType('snap-revision')
      .filter((assertion) => assertion.primaryKey[0] === digest.base64url);
    const { declared } = snap;
    const found =
      carried.find((each) => declared === null || isRevision(each, declared)) ??
      carried[0] ??
      (await this.assertions.find('snap-revision', [digest.base64url, 'global-upload']));
    if (found !== null) return found;
    throw refused(place, `has the SHA3-384 digest ${digest.hex}, for which there is no snap-revision assertion`);
  }
}

/**
 * Holds the snap's own words against what is signed.
 * @throws SnapRefusedError
 */
export function checkSelfDescription(place: BundlePlace, snap: SnapSelfDescription, claim: SnapClaim): void {
  if (snap.name !== claim.name) {
    throw refused(place, `is called "${snap.name}" in its snap.yaml, and "${claim.name}" in its snap-declaration`);
  }
  if (snap.provenance !== claim.provenance) {
    const signed = `"${claim.provenance}" in its snap-revision`;
    throw refused(place, `has the provenance "${snap.provenance}" in its snap.yaml, and ${signed}`);
  }
}

function isRevision(assertion: Assertion, declared: NonNullable<CarriedSnap['declared']>): boolean {
  return assertion.text('snap-id') === declared.snapId && assertion.text('snap-revision') === String(declared.revision);
}

function digestOf(snapRevision: Assertion): Sha3_384 {
  return Sha3_384.fromBase64url(snapRevision.primaryKey[0] ?? '');
}

function refused(place: BundlePlace, reason: string): SnapRefusedError {
  return new SnapRefusedError(place, reason);
}

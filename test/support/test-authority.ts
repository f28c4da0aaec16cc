import { generateKeyPairSync } from 'node:crypto';

import { encodeAssertionStream, signAssertion, SigningKey, type Assertion } from '../../src/formats/assertion/index.js';
import { sha3 } from './bundles.js';
import { tinySquashfs } from './tiny-squashfs.js';

type Headers = Parameters<typeof signAssertion>[0]['headers'];

export interface TestSnapPlan {
  readonly name: string;
  readonly snapId: string;
  readonly revision: number;
  /** Instead of the usual snap.yaml. */
  readonly snapYaml?: string;
  /** The least size of the file. */
  readonly sizeBytes?: number;
  /** Instead of a file made for it. */
  readonly content?: Buffer;
  /** Headers of the assertions that are to be other than usual. */
  readonly declaration?: Headers;
  readonly snapRevision?: Headers;
}

/** A snap with what is signed about it, as `snap download` would bring both. */
export interface SignedSnap {
  readonly plan: TestSnapPlan;
  readonly content: Buffer;
  /** In prerequisite order. */
  readonly assertions: readonly Assertion[];
  readonly stream: Buffer;
}

const SIGNED_AT = new Date('2026-01-01T00:00:00Z');
const SINCE = '2020-01-01T00:00:00Z';
/** Large enough to sign with, small enough to be made for each test file. */
const KEY_BITS = 2048;

/** A root of trust that tests own, and that signs all that a snap needs. */
export class TestAuthority {
  private constructor(
    readonly id: string,
    private readonly key: SigningKey,
    /** What `proxy.trust.extra-roots` has to hold. */
    readonly roots: readonly Assertion[],
  ) {}

  static create(id = 'testauthority'): TestAuthority {
    const key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: KEY_BITS }).privateKey);
    const common = { 'authority-id': id, timestamp: SINCE };
    const account = signAssertion({
      type: 'account',
      headers: { ...common, 'account-id': id, 'display-name': 'Test', username: id, validation: 'verified' },
      key,
      signedAt: SIGNED_AT,
    });
    return new TestAuthority(id, key, [account, accountKey(id, id, key, key)]);
  }

  get rootStream(): Buffer {
    return encodeAssertionStream(this.roots);
  }

  sign(type: string, headers: Headers, key: SigningKey = this.key, body?: string): Assertion {
    const given: Headers = { 'authority-id': this.id, timestamp: '2026-01-01T00:00:00Z', ...headers };
    return signAssertion({ type, headers: given, key, signedAt: SIGNED_AT, ...(body !== undefined && { body }) });
  }

  /** An account whose key signs instead of the root's, with the account-key that says so. */
  delegate(validity: { readonly since?: string; readonly until?: string } = {}): {
    readonly key: SigningKey;
    readonly accountKey: Assertion;
  } {
    const key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: KEY_BITS }).privateKey);
    return { key, accountKey: accountKey(this.id, this.id, key, this.key, validity, 'delegate') };
  }

  /** The root's word that an account, or the root itself, has this key. */
  accountKeyFor(
    key: Pick<SigningKey, 'id' | 'publicKey'>,
    name: string,
    accountId = this.id,
    validity: { readonly since?: string; readonly until?: string } = {},
  ): Assertion {
    return accountKey(this.id, accountId, key, this.key, validity, name);
  }

  publisher(id: string): Assertion {
    return this.sign('account', { 'account-id': id, 'display-name': id, username: id, validation: 'unproven' });
  }

  /** Everything about one revision, signed by the root or by the key that is given. */
  snap(plan: TestSnapPlan, key: SigningKey = this.key): SignedSnap {
    const { name, snapId, revision } = plan;
    const content = plan.content ?? snapFile(plan);
    const publisher = this.publisher('testpublisher');
    const declaration = this.sign(
      'snap-declaration',
      { series: '16', 'snap-id': snapId, 'snap-name': name, 'publisher-id': 'testpublisher', ...plan.declaration },
      key,
    );
    const snapRevision = this.sign(
      'snap-revision',
      {
        'snap-sha3-384': sha3(content).base64url,
        'snap-id': snapId,
        'snap-size': String(content.length),
        'snap-revision': String(revision),
        'developer-id': 'testpublisher',
        ...plan.snapRevision,
      },
      key,
    );
    const assertions = [publisher, declaration, snapRevision];
    return { plan, content, assertions, stream: encodeAssertionStream(assertions) };
  }
}

/** 32 letters and digits made from a name. */
export function testSnapId(name: string): string {
  return `${name.replaceAll('-', '')}${'x'.repeat(32)}`.slice(0, 32);
}

export function usualYaml(name: string, revision: number): string {
  const lines = [`name: ${name}`, `version: "${revision}.0"`, `summary: ${name}`, 'description: of the tests'];
  return [...lines, 'architectures: [amd64]', 'base: core22', 'confinement: strict', 'grade: stable', ''].join('\n');
}

export function snapFile({ name, revision, snapYaml, sizeBytes }: TestSnapPlan): Buffer {
  const files = {
    'meta/snap.yaml': snapYaml ?? usualYaml(name, revision),
    [`bin/${name}`]: `#!/bin/sh\necho ${name} ${revision}\n`,
  };
  // snapd takes no smaller ones (snap/squashfs: MinimumSnapSize).
  return tinySquashfs(files, { sizeBytes: Math.max(sizeBytes ?? 0, 16_384) });
}

function accountKey(
  authorityId: string,
  accountId: string,
  key: Pick<SigningKey, 'id' | 'publicKey'>,
  signer: SigningKey,
  { since = SINCE, until }: { readonly since?: string; readonly until?: string } = {},
  name = 'root',
): Assertion {
  return signAssertion({
    type: 'account-key',
    headers: {
      'authority-id': authorityId,
      'public-key-sha3-384': key.id,
      'account-id': accountId,
      name,
      since,
      ...(until === undefined ? {} : { until }),
    },
    body: key.publicKey.encode(),
    key: signer,
    signedAt: SIGNED_AT,
  });
}

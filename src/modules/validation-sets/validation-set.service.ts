import { Injectable } from '@nestjs/common';

import { type Assertion, assertionRef, assertionType, signAssertionBy } from '../../formats/assertion/index.js';
import {
  type ListedSnap,
  type Presence,
  type ValidationSet,
  type ValidationSetDraft,
  validationSetHeaders,
  validationSetOf,
  validationSetTitle,
} from '../../formats/validation-set/index.js';
import { Clock } from '../../kernel/clock.js';
import { type AddOutcome, AssertionService } from '../assertions/index.js';
import { type HeldSnap, HeldSnapsService } from '../catalog/index.js';
import { KeyService, SigningService } from '../keys/index.js';
import {
  KeyAmbiguousError,
  KeyOfAnotherAccountError,
  KeyWithoutAccountError,
  SnapIdUnknownError,
  ValidationSetAmbiguousError,
  ValidationSetIncompleteError,
  ValidationSetNotHeldError,
} from './validation-sets.errors.js';

const TYPE = 'validation-set';
const SERIES = '16';

/** A set as an operator names it. */
export interface NamedSet {
  /** Null where one account alone has a set of the name. */
  readonly accountId: string | null;
  readonly name: string;
  /** Null for the latest. */
  readonly sequence: number | null;
}

/** What a set says of one snap or component, and whether devices can get it here. */
export interface Demand {
  /** `editor`, `editor+docs`. */
  readonly what: string;
  readonly presence: Presence;
  /** Null for any. */
  readonly revision: number | null;
  /** Of what must not be there, null. */
  readonly isHeld: boolean | null;
}

export interface CheckedSet {
  readonly assertion: Assertion;
  readonly set: ValidationSet;
  /** `ACCOUNT/NAME=SEQUENCE` */
  readonly title: string;
  readonly demands: readonly Demand[];
  /** The required ones that are not held, such as `editor 6`. */
  readonly missing: readonly string[];
}

export interface SigningOptions {
  /** Signs although devices could not meet the set with what is held now. */
  readonly allowMissing?: boolean;
}

/** The validation sets of this store, held against its snaps; and new ones, where the store has the key of their account. */
@Injectable()
export class ValidationSetService {
  constructor(
    private readonly assertions: AssertionService,
    private readonly snaps: HeldSnapsService,
    private readonly keys: KeyService,
    private readonly signing: SigningService,
    private readonly clock: Clock,
  ) {}

  /** Every set in every sequence that is held: by account and name, the latest of each first. */
  async list(): Promise<CheckedSet[]> {
    const held = await this.held();
    const snaps = await this.snapsById();
    return held.map((assertion) => check(assertion, snaps)).sort(inOrder);
  }

  /** @throws ValidationSetNotHeldError, ValidationSetAmbiguousError */
  async show(named: NamedSet): Promise<CheckedSet> {
    const assertion = await this.find(named);
    if (assertion === null) throw new ValidationSetNotHeldError(nameOf(named));
    return check(assertion, await this.snapsById());
  }

  /** Holds sets, such as those that have just come in, against the snaps that are there. */
  async check(sets: readonly Assertion[]): Promise<CheckedSet[]> {
    const snaps = await this.snapsById();
    return sets.map((assertion) => check(assertion, snaps));
  }

  /**
   * Signs a set with a key of this store, and keeps nothing. What the draft leaves open is the key's account, the next sequence, the next
   * revision of a sequence that is held, and the ids of held snaps.
   * @param key its id, or the name that its brand has for it
   * @throws KeyAmbiguousError, KeyNotHeldError, KeyRetiredError, KeyWithoutAccountError, KeyOfAnotherAccountError, SnapIdUnknownError
   * @throws ValidationSetIncompleteError unless what is missing is allowed; AssertionRefusedError where it would be no valid assertion
   */
  async sign(draft: ValidationSetDraft, key: string, options: SigningOptions = {}): Promise<CheckedSet> {
    const keyId = await this.keyIdOf(key, draft.accountId);
    return this.signed(await this.complete(draft, keyId), keyId, options);
  }

  /**
   * As `sign`, and takes the set in, for devices to ask for. Where the draft names a sequence that is held and says the same as it,
   * nothing changes.
   * @throws what `sign` throws, and what AssertionService.add throws
   */
  async create(
    draft: ValidationSetDraft,
    key: string,
    options: SigningOptions = {},
  ): Promise<CheckedSet & { readonly outcome: AddOutcome }> {
    const keyId = await this.keyIdOf(key, draft.accountId);
    const complete = await this.complete(draft, keyId);
    const before = await this.find(complete);
    if (before !== null && draft.revision === null && saysTheSame(validationSetOf(before), complete)) {
      return { ...check(before, await this.snapsById()), outcome: 'unchanged' };
    }
    const made = await this.signed(complete, keyId, options);
    const { outcomes } = await this.assertions.add([made.assertion]);
    return { ...made, outcome: outcomes[0]?.outcome ?? 'unchanged' };
  }

  private async signed(
    set: ValidationSet,
    keyId: string,
    { allowMissing = false }: SigningOptions,
  ): Promise<CheckedSet> {
    const signedAt = this.clock.now();
    const headers = {
      'authority-id': set.accountId,
      ...validationSetHeaders(set),
      timestamp: signedAt.toISOString(),
    };
    const checked = checkSet(set, await this.snapsById());
    if (checked.missing.length > 0 && !allowMissing) {
      throw new ValidationSetIncompleteError(checked.title, checked.missing);
    }
    const signer = await this.signing.assertionSigner(keyId);
    return { ...checked, assertion: await signAssertionBy(signer, { type: TYPE, headers, signedAt }) };
  }

  private async keyIdOf(key: string, accountId: string | null): Promise<string> {
    const named = (await this.keys.list()).filter(
      ({ state, name, accountId: owner }) =>
        state === 'active' && name === key && (accountId === null || owner === accountId),
    );
    const [first] = named;
    if (named.length > 1) throw new KeyAmbiguousError(key);
    return first?.id ?? key;
  }

  private async complete(draft: ValidationSetDraft, keyId: string): Promise<ValidationSet> {
    const accountKey = await this.assertions.find(assertionRef('account-key', [keyId]));
    if (accountKey === null) throw new KeyWithoutAccountError(keyId);
    const owner = accountKey.text('account-id');
    const { name } = draft;
    if (draft.accountId !== null && draft.accountId !== owner) {
      throw new KeyOfAnotherAccountError(keyId, owner, draft.accountId);
    }
    const latest = await this.find({ accountId: owner, name, sequence: null });
    const sequence = draft.sequence ?? (latest?.sequence ?? 0) + 1;
    const before = await this.find({ accountId: owner, name, sequence });
    const ids = new Map((await this.snaps.all()).map((snap) => [snap.name, snap.snapId]));
    return {
      accountId: owner,
      name,
      sequence,
      revision: draft.revision ?? (before === null ? 0 : before.revision + 1),
      snaps: draft.snaps.map((snap) => {
        const snapId = snap.snapId ?? ids.get(snap.name);
        if (snapId === undefined) throw new SnapIdUnknownError(snap.name);
        return { ...snap, snapId };
      }),
    };
  }

  private async find({ accountId, name, sequence }: NamedSet): Promise<Assertion | null> {
    const account = accountId ?? (await this.onlyAccountWith(name));
    if (account === null) return null;
    if (sequence === null) return this.assertions.latest(assertionType(TYPE), [SERIES, account, name]);
    return this.assertions.find(assertionRef(TYPE, [SERIES, account, name, String(sequence)]));
  }

  private async onlyAccountWith(name: string): Promise<string | null> {
    const accounts = new Set<string>();
    for (const assertion of await this.held({ name })) accounts.add(assertion.text('account-id'));
    const [account = null, ...others] = accounts;
    if (others.length > 0) {
      const titles = [...accounts].map((one) => `${one}/${name}`);
      throw new ValidationSetAmbiguousError(name, titles);
    }
    return account;
  }

  private async held(headers: Readonly<Record<string, string>> = {}): Promise<Assertion[]> {
    const sets: Assertion[] = [];
    for (let after: string | null = null; ;) {
      const page = await this.assertions.list({ type: TYPE, headers }, after);
      sets.push(...page.assertions);
      if (page.next === null) return sets;
      after = page.next;
    }
  }

  private async snapsById(): Promise<ReadonlyMap<string, HeldSnap>> {
    return new Map((await this.snaps.all()).map((snap) => [snap.snapId, snap]));
  }
}

function check(assertion: Assertion, snaps: ReadonlyMap<string, HeldSnap>): CheckedSet {
  return { ...checkSet(validationSetOf(assertion), snaps), assertion };
}

function checkSet(set: ValidationSet, snaps: ReadonlyMap<string, HeldSnap>): Omit<CheckedSet, 'assertion'> {
  const demands = set.snaps.flatMap((snap) => demandsOf(snap, snaps.get(snap.snapId) ?? null));
  const missing = demands
    .filter(({ presence, isHeld }) => presence === 'required' && isHeld === false)
    .map(({ what, revision }) => (revision === null ? what : `${what} ${revision}`));
  return { set, title: validationSetTitle(set), demands, missing };
}

function demandsOf(snap: ListedSnap, held: HeldSnap | null): Demand[] {
  const isThere = (revision: number | null, revisions: readonly { readonly revision: number }[]): boolean =>
    revision === null ? revisions.length > 0 : revisions.some((one) => one.revision === revision);
  const demand = (
    what: string,
    { presence, revision }: Pick<ListedSnap, 'presence' | 'revision'>,
    revisions: readonly { readonly revision: number }[],
  ): Demand => ({
    what,
    presence,
    revision,
    isHeld: presence === 'invalid' ? null : isThere(revision, revisions),
  });
  const components = snap.components.map((component) => {
    const own = held?.components.filter(({ name }) => name === component.name) ?? [];
    return demand(`${snap.name}+${component.name}`, component, own);
  });
  return [demand(snap.name, snap, held?.revisions ?? []), ...components];
}

function saysTheSame(one: ValidationSet, other: ValidationSet): boolean {
  const said = (set: ValidationSet): string => JSON.stringify(validationSetHeaders({ ...set, revision: 0 }));
  return said(one) === said(other);
}

function inOrder({ set: one }: CheckedSet, { set: other }: CheckedSet): number {
  const [left, right] = [one, other].map(({ accountId, name }) => `${accountId}/${name}`) as [string, string];
  if (left !== right) return left < right ? -1 : 1;
  return other.sequence - one.sequence;
}

function nameOf({ accountId, name, sequence }: NamedSet): string {
  const account = accountId === null ? '' : `${accountId}/`;
  return `${account}${name}${sequence === null ? '' : `=${sequence}`}`;
}

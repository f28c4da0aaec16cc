import { type Assertion, type AssertionRef } from '../../../formats/assertion/index.js';
import type { Clock } from '../../../kernel/clock.js';
import type { AirgapMode } from '../../airgap-policy/index.js';
import type { TrustedRootsService } from '../../assertions/index.js';
import type { OnlineStore } from '../../upstream/index.js';
import { aboutSubject, FetchRefusedError } from '../fetch.errors.js';
import type { WantedValidationSet } from '../plan/fetch-request.js';
import { AssertionChains } from './assertion-chains.js';

const SERIES = '16';

/** An assertion that is fetched for its own sake. */
export type WantedAssertion =
  | ({ readonly type: 'validation-set' } & WantedValidationSet)
  | { readonly type: 'model'; readonly brandId: string; readonly model: string }
  | { readonly type: 'account'; readonly accountId: string }
  /** The key by the SHA3-384 digest of its public part, in base64url. */
  | { readonly type: 'account-key'; readonly keyId: string }
  /** Of whatever other type, by its primary key. */
  | { readonly type: 'other'; readonly ref: AssertionRef };

export interface AssertionFetchOptions {
  readonly store: OnlineStore;
  readonly signal: AbortSignal;
}

export interface FetchedAssertions {
  /** In the order in which they were asked for. */
  readonly wanted: readonly Assertion[];
  /** What devices ask for beside them, and do without: the store that a model names. */
  readonly companions: readonly Assertion[];
  /** All these and all that they need, every one after those that it needs; without the trusted roots, which every store has. */
  readonly chain: readonly Assertion[];
}

/** Fetches assertions by themselves: validation sets, models, accounts and their keys, and whatever else has a key. */
export class AssertionFetchService {
  constructor(
    private readonly roots: Pick<TrustedRootsService, 'current'>,
    private readonly mode: Pick<AirgapMode, 'mustBeOff'>,
    private readonly clock: Clock,
  ) {}

  /**
   * All of them with what they need, proven up to a trusted root.
   * @throws FetchRefusedError where the store has none of the name, or what it has does not hold; FetchFailedError; AirGappedError
   */
  async fetch(
    wanted: readonly WantedAssertion[],
    { store, signal }: AssertionFetchOptions,
  ): Promise<FetchedAssertions> {
    this.mode.mustBeOff('fetching assertions');
    const chains = new AssertionChains({ store, roots: await this.roots.current(), clock: this.clock, signal });
    const found: Assertion[] = [];
    const companions: Assertion[] = [];
    for (const one of wanted) {
      const subject = titleOf(one);
      const assertion = await aboutSubject(subject, () => ask(store, one, signal));
      if (assertion === null) throw new FetchRefusedError(subject, 'the online store has no such assertion');
      found.push(chains.take(assertion));
      const storeId = assertion.type.name === 'model' ? assertion.text('store') : '';
      const itsStore =
        storeId === '' ? null : await aboutSubject(subject, () => store.assertion('store', [storeId], { signal }));
      if (itsStore !== null) companions.push(chains.take(itsStore));
    }
    const [first] = wanted;
    const subject = first === undefined || wanted.length > 1 ? 'assertions' : titleOf(first);
    return { wanted: found, companions, chain: await chains.proven(subject, [...found, ...companions]) };
  }
}

function ask(store: OnlineStore, wanted: WantedAssertion, signal: AbortSignal): Promise<Assertion | null> {
  switch (wanted.type) {
    case 'validation-set': {
      const { accountId, name, sequence } = wanted;
      return store.sequenceAssertion('validation-set', [SERIES, accountId, name], sequence, { signal });
    }
    case 'model':
      return store.assertion('model', [SERIES, wanted.brandId, wanted.model], { signal });
    case 'account':
      return store.assertion('account', [wanted.accountId], { signal });
    case 'account-key':
      return store.assertion('account-key', [wanted.keyId], { signal });
    case 'other':
      return store.assertion(wanted.ref.type.name, wanted.ref.reducedPrimaryKey, { signal });
  }
}

/** As whoever asked for it wrote it. */
function titleOf(wanted: WantedAssertion): string {
  switch (wanted.type) {
    case 'validation-set': {
      const { accountId, name, sequence } = wanted;
      return `validation-set ${accountId}/${name}${sequence === null ? '' : `=${sequence}`}`;
    }
    case 'model':
      return `model ${wanted.brandId}/${wanted.model}`;
    case 'account':
      return `account ${wanted.accountId}`;
    case 'account-key':
      return `account-key ${wanted.keyId}`;
    case 'other':
      return wanted.ref.toString();
  }
}

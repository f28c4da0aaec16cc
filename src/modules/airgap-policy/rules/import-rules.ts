import { AsyncLocalStorage } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { PolicyRefusedError, PolicyVersionUnknownError } from '../airgap-policy.errors.js';
import type { StoredImportPolicy } from './import-policy.entity.js';
import { ImportPolicyRepository } from './import-policy.repository.js';
import { judge, type CandidateSnap } from './judge.js';
import type { PolicyDocument } from './policy-document.js';

const LOCK = 'import policy';

/** The rules for what may enter the store: one document, in force for every process as soon as it is set. */
@Injectable()
export class ImportRules {
  private readonly drafts = new AsyncLocalStorage<PolicyDocument>();

  constructor(
    private readonly policies: ImportPolicyRepository,
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  /** Null while none is set: whatever is verified may enter then. */
  inForce(): Promise<StoredImportPolicy | null> {
    return this.policies.newest();
  }

  /** @throws PolicyVersionUnknownError */
  async version(version: number): Promise<StoredImportPolicy> {
    const found = await this.policies.find(version);
    if (found === null) throw new PolicyVersionUnknownError(version);
    return found;
  }

  /** Newest first. */
  history(): Promise<StoredImportPolicy[]> {
    return this.policies.all();
  }

  /**
   * Puts a document in force for what is imported from now on; what is held stays. The one that is in force already makes no
   * new version.
   */
  set(document: PolicyDocument, setBy: string): Promise<{ readonly version: number; readonly isNew: boolean }> {
    return this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, LOCK, 'exclusive');
      const newest = await this.policies.newest();
      if (newest !== null && isDeepStrictEqual(newest.document, document))
        return { version: newest.version, isNew: false };
      const version = (newest?.version ?? 0) + 1;
      await this.policies.add({ version, document, setBy });
      return { version, isNew: true };
    });
  }

  /** For the length of the work this document stands in for the one in force: what would it refuse? */
  tryOut<T>(document: PolicyDocument, work: () => Promise<T>): Promise<T> {
    return this.drafts.run(document, work);
  }

  /** @throws PolicyRefusedError naming the snaps and, for each, every rule that keeps it out */
  async check(proposal: { readonly snaps: readonly CandidateSnap[] }): Promise<void> {
    const draft = this.drafts.getStore();
    const stored = draft === undefined ? await this.policies.newest() : null;
    const document = draft ?? stored?.document;
    if (document === undefined) return;
    const refused = proposal.snaps.flatMap((snap) => {
      const objections = judge(document, snap);
      return objections.length === 0 ? [] : [{ snap, objections }];
    });
    if (refused.length > 0) throw new PolicyRefusedError(refused, stored?.version ?? null);
  }
}

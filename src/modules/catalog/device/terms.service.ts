import { Injectable } from '@nestjs/common';

import { CohortService } from '../cohorts/cohort.service.js';
import type { CatalogEntry, ChannelSource } from '../resolution/catalog-entry.js';
import {
  type ComponentPins,
  componentPinsOf,
  type Pin,
  pinOf,
  RevisionRuledOutError,
  ValidationSetNotHeldError,
  type ValidationRule,
} from '../resolution/validation-rules.js';
import { nameOfSet, ValidationSets } from '../snapshot/validation-sets.js';
import type { JoinedTerms } from './refresh-terms.js';

/** What the terms of an action come to. */
export interface SettledTerms {
  /** The channels as the device's cohort sees them; null where they are as they are now. */
  readonly source: ChannelSource | null;
  /** The revision that validation sets pin, or null. */
  readonly pin: Pin | null;
  /** What they say of the snap's components, or null. */
  readonly componentPins: ComponentPins | null;
  readonly entersCohort: boolean;
}

/** Finds out what a device holds a snap to, by cohort and validation sets. */
@Injectable()
export class TermsService {
  constructor(
    private readonly validationSets: ValidationSets,
    private readonly cohorts: CohortService,
  ) {}

  /**
   * Validation sets count before a cohort, and a revision that is asked for by its number does not depend on one.
   * @throws ValidationSetNotHeldError, ValidationSetConflictError, SnapRuledOutError, RevisionRuledOutError,
   *   CohortKeyInvalidError, CohortKeyExpiredError
   */
  async settle(entry: CatalogEntry, terms: JoinedTerms, askedRevision: number | null): Promise<SettledTerms> {
    const { cohortKey, entersCohort, validationSets } = terms;
    const rules = await this.rules(entry.snapId, validationSets);
    const pin = pinOf(entry.name, rules);
    const componentPins = componentPinsOf(entry.name, rules);
    if (pin !== null && askedRevision !== null && askedRevision !== pin.revision) {
      throw new RevisionRuledOutError(entry.name, askedRevision, pin);
    }
    const dependsOnCohort = cohortKey !== null && pin === null && askedRevision === null;
    const source = dependsOnCohort ? await this.cohorts.channelsOf(entry, cohortKey) : null;
    return { source, pin, componentPins, entersCohort: dependsOnCohort && entersCohort };
  }

  private async rules(snapId: string, sets: readonly (readonly string[])[]): Promise<ValidationRule[]> {
    const rules: ValidationRule[] = [];
    for (const key of sets) {
      const found = this.validationSets.find(key);
      const set = found instanceof Promise ? await found : found;
      if (set === null) throw new ValidationSetNotHeldError(nameOfSet(key));
      const rule = set.get(snapId);
      if (rule !== undefined) rules.push(rule);
    }
    return rules;
  }
}

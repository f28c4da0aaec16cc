import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  AssertionRefusedError,
  assertionRef,
  type HeaderMap,
  type HeaderValue,
  printable,
} from '../../../formats/assertion/index.js';
import { WatchedCache } from '../../../platform/cache/watched-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { ASSERTIONS_TOPIC, AssertionService } from '../../assertions/index.js';
import type { Presence, PresenceRule, ValidationRule } from '../resolution/validation-rules.js';

/** Rules by snap-id; of a snap that is not in it the set says nothing. */
export type ValidationRules = ReadonlyMap<string, ValidationRule>;

const MAX_BYTES = 16 * 1024 * 1024;
/** Keys come from the network; what is longer than any real one is not held. */
const MAX_KEY_LENGTH = 400;

/** The validation sets that devices name, in memory, as what they say of each snap. What is not held is remembered too. */
@Injectable()
export class ValidationSets {
  private readonly found: WatchedCache<ValidationRules | null>;

  constructor(
    private readonly assertions: AssertionService,
    changes: ChangeFeed,
  ) {
    this.found = new WatchedCache(changes, {
      maxBytes: MAX_BYTES,
      maxEntries: 20_000,
      sizeOf: sizeOfRules,
      isStaleAfter: ({ topic }) => topic === ASSERTIONS_TOPIC,
    });
  }

  /** @param primaryKey series, account-id, name and sequence */
  find(primaryKey: readonly string[]): ValidationRules | null | Promise<ValidationRules | null> {
    const key = primaryKey.join('/');
    // PostgreSQL would refuse to look for a NUL.
    if (key.length > MAX_KEY_LENGTH || key.includes('\0')) return null;
    return this.found.get(key, () => this.load(primaryKey));
  }

  private async load(primaryKey: readonly string[]): Promise<ValidationRules | null> {
    try {
      const assertion = await this.assertions.find(assertionRef('validation-set', primaryKey));
      return assertion === null ? null : rulesOf(assertion);
    } catch (error) {
      // Nothing of such a key could have been kept.
      if (error instanceof AssertionRefusedError) return null;
      throw error;
    }
  }
}

function sizeOfRules(rules: ValidationRules | null): number {
  let sizeBytes = 600;
  for (const { components } of rules?.values() ?? []) sizeBytes += 400 + components.size * 300;
  return sizeBytes;
}

/** `account-id/name=sequence`, safe to show. */
export function nameOfSet([, accountId = '', name = '', sequence = '']: readonly string[]): string {
  return printable(`${accountId}/${name}=${sequence}`);
}

/** The assertion's form was checked when it was decoded (formats/assertion/types/validation-set.ts). */
function rulesOf(assertion: Assertion): ValidationRules {
  const set = nameOfSet(assertion.primaryKey);
  const snaps = (assertion.headers.snaps ?? []) as readonly HeaderMap[];
  return new Map(
    snaps.map((snap) => {
      const components = Object.entries((snap.components ?? {}) as HeaderMap).map(([name, value]) => {
        // Text is short for a presence.
        const says = typeof value === 'string' ? { presence: value } : (value as HeaderMap);
        return [name, presenceRule(set, says)] as const;
      });
      return [textOf(snap.id), { ...presenceRule(set, snap), components: new Map(components) }];
    }),
  );
}

function presenceRule(set: string, { presence, revision }: HeaderMap): PresenceRule {
  return {
    set,
    // snapd's default (asserts/validation_set.go).
    presence: (textOf(presence) || 'required') as Presence,
    revision: revision === undefined ? null : Number(textOf(revision)),
  };
}

function textOf(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

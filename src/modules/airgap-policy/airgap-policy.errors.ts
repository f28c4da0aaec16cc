import { StoreError } from '../../kernel/store-error.js';
import type { MissingPart } from './mode/readiness-check.js';
import type { CandidateSnap, Objection } from './rules/judge.js';

/** Air-gapped mode cannot be turned on yet. Names each thing that is missing, with the command that mends it. */
export class NotReadyError extends StoreError {
  readonly code = 'airgap-not-ready';

  constructor(missing: readonly MissingPart[]) {
    const list = missing.map(({ what, mend }) => `${what} (${mend})`).join('; ');
    super(`the store is not ready for air-gapped mode. Missing: ${list}`, { missing: missing.map(({ what }) => what) });
  }
}

/** It is on, and what was asked for would change something about it that has to be asked for by name. */
export class AlreadyAirGappedError extends StoreError {
  readonly code = 'airgap-already-on';
}

/** It is not on, so it cannot be turned off. */
export class NotAirGappedError extends StoreError {
  readonly code = 'airgap-already-off';
}

/** What needs the world outside, asked of a store that never calls out. */
export class AirGappedError extends StoreError {
  readonly code = 'air-gapped';

  constructor(what: string) {
    super(`${what} is not possible here: the store is in air-gapped mode`, { what });
  }
}

/** A policy document that cannot be understood, and would therefore not do what its author means. */
export class PolicyInvalidError extends StoreError {
  readonly code = 'policy-invalid';

  constructor(name: string, problem: string) {
    super(`${name} ${problem}`, { document: name });
  }
}

/** The rules keep something out. Names each snap, and each rule that it does not get past. */
export class PolicyRefusedError extends StoreError {
  readonly code = 'policy-refused';

  /** @param version null for a draft that is tried out */
  constructor(
    refused: readonly { readonly snap: CandidateSnap; readonly objections: readonly Objection[] }[],
    version: number | null,
  ) {
    const lines = refused.map(({ snap, objections }) => {
      const rules = objections.map(({ rule, reason }) => `${rule}: ${reason}`).join('; ');
      return `revision ${snap.revision} of ${snap.name} (${rules})`;
    });
    const policy = version === null ? 'the policy' : `version ${version} of the policy`;
    super(`${policy} keeps out ${lines.join(', ')}`, {
      policyVersion: version,
      snaps: refused.map(({ snap }) => snap.name),
      rules: [...new Set(refused.flatMap(({ objections }) => objections.map(({ rule }) => rule)))],
    });
  }
}

export class PolicyVersionUnknownError extends StoreError {
  readonly code = 'policy-version-unknown';

  constructor(version: number) {
    super(`there is no version ${version} of the policy`, { version });
  }
}

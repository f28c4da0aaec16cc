import { Injectable } from '@nestjs/common';

import { isSnapName } from '../../../kernel/snap-names.js';
import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { SnapNotHeldError } from '../catalog.errors.js';
import { CohortService } from '../cohorts/cohort.service.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import type { DeviceView } from './device-admission.js';

export const COHORTS_BODY_BYTES = 64 * 1024;

const MAX_SNAPS = 500;

/** Answers `POST v2/cohorts` (snapd: store/store.go, CreateCohorts). Nothing is kept of what was asked. */
@Injectable()
export class CohortsAnswerService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly cohorts: CohortService,
  ) {}

  /**
   * A key for each snap, or none: to snapd a 404 means that a snap was not found.
   * @throws BadRequestError, SnapNotHeldError
   */
  async answer(body: unknown, view: DeviceView): Promise<Answer> {
    const keys: [string, string][] = [];
    for (const name of namesIn(body)) {
      const entry = await this.snapshot.byName(name);
      if (entry === null || !view.mayHave(entry.snapId)) throw new SnapNotHeldError(name);
      keys.push([name, (await this.cohorts.make(entry)).key]);
    }
    return jsonAnswer(200, { 'cohort-keys': Object.fromEntries(keys) });
  }
}

function namesIn(body: unknown): ReadonlySet<string> {
  const snaps: unknown = body !== null && typeof body === 'object' && 'snaps' in body ? body.snaps : null;
  if (!Array.isArray(snaps) || snaps.length === 0) throw new BadRequestError('snaps is not a list of snap names');
  if (snaps.length > MAX_SNAPS) throw new BadRequestError(`snaps has more than ${MAX_SNAPS} entries`);
  return new Set(
    snaps.map((name: unknown) => {
      if (typeof name !== 'string') throw new BadRequestError('snaps is not a list of snap names');
      if (!isSnapName(name)) throw new SnapNotHeldError(name);
      return name;
    }),
  );
}

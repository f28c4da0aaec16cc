import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { AssertionService } from '../../assertions/index.js';
import { SnapNotHeldError } from '../../catalog/index.js';
import { InvalidAudienceError, SnapNotRestrictedError } from '../devices.errors.js';
import type { SnapRestriction } from './snap-restriction.entity.js';
import { SnapRestrictionRepository } from './snap-restriction.repository.js';
import { type Audience, audienceOf } from './snap-restrictions.js';

/** As snapd takes them for account ids and models (asserts/account.go, asserts/model.go). */
const BRAND_ID = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28})$/;
const MODEL = /^(?=.{1,300}$)[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;

export interface RestrictedSnap {
  readonly name: string;
  /** Whom it is for; where there is nobody, it is for everybody. */
  readonly audiences: readonly Audience[];
}

/** Says which snaps are not for everybody. */
@Injectable()
export class RestrictionService {
  constructor(
    private readonly restrictions: SnapRestrictionRepository,
    private readonly assertions: AssertionService,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  async list(): Promise<RestrictedSnap[]> {
    const rows = await this.restrictions.all();
    return [...new Set(rows.map(({ name }) => name))].map((name) => restrictedSnap(name, rows));
  }

  /**
   * From now on the snap is for these devices, beside those that it was restricted to before, and for no others. Its declaration is
   * enough: a snap can be restricted before it is pushed.
   * @throws SnapNotHeldError where there is no declaration of the name, InvalidAudienceError
   */
  async restrict(name: string, { brandId, model }: Audience): Promise<RestrictedSnap> {
    if (!BRAND_ID.test(brandId)) throw new InvalidAudienceError(`"${brandId.slice(0, 60)}" is not the id of a brand`);
    if (model !== null && !MODEL.test(model)) throw new InvalidAudienceError(`"${model.slice(0, 60)}" is not a model`);
    return this.transaction.run(async () => {
      const addedAt = this.clock.now();
      for (const snapId of await this.declaredIds(name)) {
        await this.restrictions.add({ snapId, name, brandId, model: model ?? '', addedAt });
      }
      return restrictedSnap(name, await this.restrictions.of(name));
    });
  }

  /**
   * Takes back what a snap was restricted to: all of it, or what is named of it.
   * @returns what is left
   * @throws SnapNotRestrictedError where there was nothing of the kind
   */
  clear(name: string, brandId?: string, model?: string): Promise<RestrictedSnap> {
    return this.transaction.run(async () => {
      if (!(await this.restrictions.remove(name, brandId, model))) throw new SnapNotRestrictedError(name);
      return restrictedSnap(name, await this.restrictions.of(name));
    });
  }

  /** A name may have gone from one snap to another, and both declarations be here. */
  private async declaredIds(name: string): Promise<Set<string>> {
    const filter = { type: 'snap-declaration', headers: { 'snap-name': name } };
    const { assertions } = await this.assertions.list(filter);
    if (assertions.length === 0) throw new SnapNotHeldError(name);
    return new Set(assertions.map((declaration) => declaration.text('snap-id')));
  }
}

function restrictedSnap(name: string, rows: readonly SnapRestriction[]): RestrictedSnap {
  const ofName = rows.filter((row) => row.name === name);
  const audiences = new Map(ofName.map((row) => [`${row.brandId}/${row.model}`, audienceOf(row)]));
  return { name, audiences: [...audiences.values()] };
}

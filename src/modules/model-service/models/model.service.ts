import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { BrandKeyService } from '../../keys/index.js';
import type { RemodelRule } from '../entities/remodel-rule.entity.js';
import type { SerialPolicy } from '../entities/serial-policy.entity.js';
import {
  ModelExistsError,
  ModelNotKnownError,
  RemodelRuleNotKnownError,
  RemodelRuleUnfitError,
} from '../model-service.errors.js';
import { checkModelName } from '../names.js';
import { keepApiKey } from './api-key.js';
import { ModelRepository } from './model.repository.js';

const MAX_DESCRIPTION = 200;

export interface NewModel {
  readonly brandId: string;
  readonly name: string;
  /** Null: devices register without one. */
  readonly apiKey: string | null;
  /** Gives a model that is there another API key. */
  readonly replace?: boolean;
  /** The user of the operating system who asks for it. */
  readonly by: string;
}

export interface ModelInfo {
  readonly brandId: string;
  readonly name: string;
  readonly hasApiKey: boolean;
  /** Its first characters. */
  readonly apiKeyStart: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** How its serials are signed now; null where this store gives it none. */
  readonly policy: SerialPolicy | null;
}

export interface NewRemodelRule {
  readonly brandId: string;
  readonly fromModel: string;
  readonly toModel: string;
  /** Empty: every device of the model. */
  readonly fromSerial: string;
  readonly description: string;
  readonly by: string;
}

/** The models whose devices register here, and which of them may become others. */
@Injectable()
export class ModelService {
  constructor(
    private readonly repository: ModelRepository,
    private readonly keys: BrandKeyService,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /** The accounts that models and keys of brands here belong to. */
  async brands(): Promise<string[]> {
    const [models, keys] = [await this.repository.models(null), await this.keys.list()];
    const accounts = [...models.map(({ brandId }) => brandId), ...keys.map(({ accountId }) => accountId ?? '')];
    return [...new Set(accounts)].filter((account) => account !== '').sort();
  }

  /** @throws ModelUnfitError, ModelExistsError unless it is to be replaced */
  async create({ brandId, name, apiKey, replace = false, by }: NewModel): Promise<ModelInfo> {
    checkModelName(brandId, name);
    const kept = apiKey === null ? null : keepApiKey(apiKey);
    await this.transaction.run(async () => {
      await this.repository.holdForChange();
      const held = await this.repository.model(brandId, name);
      if (held !== null && !replace) throw new ModelExistsError(brandId, name);
      await this.repository.putModel({
        brandId,
        name,
        apiKeyDigest: kept?.digest ?? null,
        apiKeyStart: kept?.start ?? null,
        createdAt: held?.createdAt ?? this.clock.now(),
        createdBy: held?.createdBy ?? by,
      });
    });
    return this.get(brandId, name);
  }

  /** @throws ModelNotKnownError */
  async get(brandId: string, name: string): Promise<ModelInfo> {
    const found = (await this.list(brandId)).find((model) => model.name === name);
    if (found === undefined) throw new ModelNotKnownError(brandId, name);
    return found;
  }

  /** @param brandId null for those of all brands */
  async list(brandId: string | null): Promise<ModelInfo[]> {
    const policies = (await this.repository.policies(brandId)).filter(({ removedAt }) => removedAt === null);
    return (await this.repository.models(brandId)).map((model) => ({
      brandId: model.brandId,
      name: model.name,
      hasApiKey: model.apiKeyDigest !== null,
      apiKeyStart: model.apiKeyStart,
      createdAt: model.createdAt,
      createdBy: model.createdBy,
      policy: policies.find((policy) => policy.brandId === model.brandId && policy.model === model.name) ?? null,
    }));
  }

  /** From now on its devices get no serials; those that were given out stay known. @throws ModelNotKnownError */
  async delete(brandId: string, name: string): Promise<void> {
    await this.transaction.run(async () => {
      await this.repository.holdForChange();
      if ((await this.repository.model(brandId, name)) === null) throw new ModelNotKnownError(brandId, name);
      await this.repository.removePolicies(brandId, name, this.clock.now());
      await this.repository.removeModel(brandId, name);
    });
  }

  remodelRules(brandId: string | null): Promise<RemodelRule[]> {
    return this.repository.remodelRules(brandId);
  }

  /** @throws ModelUnfitError, RemodelRuleUnfitError */
  async allowRemodel({ by, ...rule }: NewRemodelRule): Promise<RemodelRule> {
    for (const model of [rule.fromModel, rule.toModel]) checkModelName(rule.brandId, model);
    if (rule.fromModel === rule.toModel) throw new RemodelRuleUnfitError('a model cannot become itself');
    if (rule.description.length > MAX_DESCRIPTION || rule.fromSerial.length > MAX_DESCRIPTION) {
      throw new RemodelRuleUnfitError(`a serial and a description have up to ${MAX_DESCRIPTION} characters`);
    }
    return this.transaction.run(async () => {
      await this.repository.holdForChange();
      return this.repository.putRemodelRule({ ...rule, createdAt: this.clock.now(), createdBy: by });
    });
  }

  /** @throws RemodelRuleNotKnownError */
  async forbidRemodel(id: number): Promise<void> {
    await this.transaction.run(async () => {
      await this.repository.holdForChange();
      if (!(await this.repository.removeRemodelRule(id))) throw new RemodelRuleNotKnownError(id);
    });
  }
}

import type { Session } from '../session.js';
import { renderTable } from '../table.js';
import { type BrandOption, namedBrand } from './brand.js';

export async function listKeys(session: Session, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { BrandKeyService } = await import('../../modules/keys/index.js');
    const keys = await store.get(BrandKeyService).list(namedBrand(options));
    session.out.result({ keys }, () =>
      renderTable(
        ['Name', 'SHA3-384', 'Brand', 'State', 'Kept in'],
        keys.map(({ name, id, accountId, state, token }) => [
          name ?? '',
          id,
          accountId ?? '',
          state,
          token === null ? 'this store' : `token ${token}`,
        ]),
      ),
    );
  });
}

export async function listModels(session: Session, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService } = await import('../../modules/model-service/index.js');
    const models = await store.get(ModelService).list(namedBrand(options));
    session.out.result({ models }, () =>
      renderTable(
        ['Name', 'API key', 'Active serial signing key', 'Brand'],
        models.map(({ name, apiKeyStart, policy, brandId }) => [
          name,
          apiKeyStart === null ? 'none' : `${apiKeyStart}…`,
          policy?.keyId ?? 'none',
          brandId,
        ]),
      ),
    );
  });
}

export async function listSerialPolicies(session: Session, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SerialPolicyService } = await import('../../modules/model-service/index.js');
    const policies = await store.get(SerialPolicyService).list(namedBrand(options));
    session.out.result({ policies }, () =>
      renderTable(
        ['Model', 'Revision', 'State', 'Signing key', 'Authority', 'Devices', 'Proposed serials', 'Brand'],
        policies.map((policy) => [
          policy.model,
          String(policy.revision),
          policy.removedAt === null ? 'active' : 'removed',
          policy.keyId,
          policy.authorityId,
          `up to ${policy.deviceLimit}`,
          policy.takesProposed ? 'taken' : 'ignored',
          policy.brandId,
        ]),
      ),
    );
  });
}

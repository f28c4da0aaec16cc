import type { Session } from '../session.js';
import { type BrandOption, brandOf } from './brand.js';

export async function deleteModel(session: Session, name: string, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService } = await import('../../modules/model-service/index.js');
    const models = store.get(ModelService);
    const brandId = await brandOf(options, models);
    await models.delete(brandId, name);
    session.out.result({ brandId, name }, () => `Model '${name}' deleted.`);
  });
}

export async function deleteSerialPolicy(session: Session, model: string, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService, SerialPolicyService } = await import('../../modules/model-service/index.js');
    const brandId = await brandOf(options, store.get(ModelService));
    await store.get(SerialPolicyService).remove(brandId, model);
    session.out.result({ brandId, model }, () => `Serials of model '${model}' are not signed any more.`);
  });
}

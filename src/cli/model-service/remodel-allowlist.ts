import { whoTypes } from '../os-user.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';
import { type BrandOption, brandOf, namedBrand } from './brand.js';

export interface AllowOptions extends BrandOption {
  readonly serial: string;
  readonly description: string;
}

export async function listRemodels(session: Session, options: BrandOption): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService } = await import('../../modules/model-service/index.js');
    const allowlist = await store.get(ModelService).remodelRules(namedBrand(options));
    session.out.result({ allowlist }, () =>
      renderTable(
        ['Id', 'From', 'To', 'Devices', 'Brand', 'Description'],
        allowlist.map(({ id, fromModel, toModel, fromSerial, brandId, description }) => [
          String(id),
          fromModel,
          toModel,
          fromSerial === '' ? 'all' : fromSerial,
          brandId,
          description,
        ]),
      ),
    );
  });
}

export async function allowRemodel(
  session: Session,
  models: { readonly fromModel: string; readonly toModel: string },
  options: AllowOptions,
): Promise<undefined> {
  const by = whoTypes();
  await session.withStore(async (store) => {
    const { ModelService } = await import('../../modules/model-service/index.js');
    const service = store.get(ModelService);
    const brandId = await brandOf(options, service);
    const { serial: fromSerial, description } = options;
    const entry = await service.allowRemodel({ brandId, ...models, fromSerial, description, by });
    const who = fromSerial === '' ? `devices of ${models.fromModel}` : `${models.fromModel}/${fromSerial}`;
    session.out.result({ entry }, () => `${who} may become ${models.toModel} (entry ${entry.id})`);
  });
}

export async function forbidRemodel(session: Session, id: number): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService } = await import('../../modules/model-service/index.js');
    await store.get(ModelService).forbidRemodel(id);
    session.out.result({ id }, () => `entry ${id} is gone`);
  });
}

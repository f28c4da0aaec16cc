import type { IssuedSerial } from '../../modules/model-service/index.js';
import { whoTypes } from '../os-user.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';
import { type BrandOption, brandOf, namedBrand } from './brand.js';

export interface SerialsOptions extends BrandOption {
  readonly model?: string;
}

export interface RevokeOptions extends BrandOption {
  readonly reason: string;
}

interface NamedSerial {
  readonly model: string;
  readonly serial: string;
}

export async function listSerials(session: Session, options: SerialsOptions): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SerialLogService } = await import('../../modules/model-service/index.js');
    const serials: ReturnType<typeof lineOf>[] = [];
    const filter = { brandId: namedBrand(options), model: options.model ?? null };
    for await (const issued of store.get(SerialLogService).list(filter)) serials.push(lineOf(issued));
    session.out.result({ serials }, () =>
      renderTable(
        ['Model', 'Serial', 'State', 'Given', 'Last asked', 'Brand'],
        serials.map(({ model, serial, issuedAt, askedAt, revokedAt, brandId }) => [
          model,
          serial,
          revokedAt === null ? 'given' : 'revoked',
          minuteOf(issuedAt),
          minuteOf(askedAt),
          brandId,
        ]),
      ),
    );
  });
}

export async function showSerial(
  session: Session,
  { model, serial }: NamedSerial,
  options: BrandOption,
): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ModelService, SerialLogService } = await import('../../modules/model-service/index.js');
    const brandId = await brandOf(options, store.get(ModelService));
    const issued = await store.get(SerialLogService).get(brandId, model, serial);
    const [assertion, request] = [issued.assertion, issued.request].map((bytes) => bytes.toString('utf8'));
    session.out.result({ ...lineOf(issued), assertion, request }, () =>
      [revocationOf(issued), assertion, request].filter((part) => part !== '').join('\n'),
    );
  });
}

export async function revokeSerial(
  session: Session,
  { model, serial }: NamedSerial,
  options: RevokeOptions,
): Promise<undefined> {
  const by = whoTypes();
  await session.withStore(async (store) => {
    const [{ ModelService, SerialLogService }, { DeviceName, DeviceNotKnownError, DeviceService }] = await Promise.all([
      import('../../modules/model-service/index.js'),
      import('../../modules/devices/index.js'),
    ]);
    const brandId = await brandOf(options, store.get(ModelService));
    const issued = await store.get(SerialLogService).revoke(brandId, model, serial, by, options.reason);
    // It gets no session from now on; one that it has ends here, where it ever had one.
    await store
      .get(DeviceService)
      .revoke(DeviceName.of(brandId, model, serial))
      .catch((error: unknown) => {
        if (!(error instanceof DeviceNotKnownError)) throw error;
      });
    session.out.result(
      lineOf(issued),
      () => `${serial} is given to nobody any more, and its device gets no sessions here`,
    );
  });
}

function lineOf(issued: IssuedSerial) {
  const { brandId, model, serial, deviceKeyId, keyId, policyRevision, originalModel } = issued;
  const { issuedAt, askedAt, revokedAt, revokedBy, revokedReason } = issued;
  const given = { brandId, model, serial, deviceKeyId, keyId, policyRevision, originalModel, issuedAt, askedAt };
  return { ...given, revokedAt, revokedBy, revokedReason };
}

function revocationOf({ revokedAt, revokedBy, revokedReason }: IssuedSerial): string {
  if (revokedAt === null) return '';
  const reason = revokedReason === null || revokedReason === '' ? '' : `: ${revokedReason}`;
  return `revoked ${minuteOf(revokedAt)} by ${revokedBy ?? ''}${reason}\n`;
}

function minuteOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}

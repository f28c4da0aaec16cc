import { Injectable } from '@nestjs/common';
import { type EntityManager, IsNull, Not } from 'typeorm';

import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { DeviceName } from '../device-name.js';
import type { ProvenDevice } from '../sessions/session-token.js';
import { Device } from './device.entity.js';

/** The topic of the change feed that says that other devices are revoked, or other snaps restricted, than before. */
export const DEVICES_TOPIC = 'devices';

export interface Meeting {
  readonly device: ProvenDevice;
  readonly authorityId: string;
  readonly userAgent: string | null;
  readonly at: Date;
}

export interface DeviceFilter {
  readonly brandId?: string;
  readonly model?: string;
  readonly isRevoked?: boolean;
}

/** Text from outside that the database could not keep, or nobody would want to read. */
const UNPRINTABLE = /[^\x20-\x7e]/g;
const MAX_USER_AGENT_LENGTH = 200;

@Injectable()
export class DeviceRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /** Whether a device is revoked by its name, or by a key that a revoked device has: a new serial makes no other device of it. */
  isRevoked({ name, keyId }: ProvenDevice): Promise<boolean> {
    return this.manager
      .createQueryBuilder(Device, 'device')
      .where('device.revokedAt IS NOT NULL')
      .andWhere(
        '(device.keyId = :keyId OR (device.brandId = :brandId AND device.model = :model AND device.serial = :serial))',
        { keyId, ...keyOf(name) },
      )
      .getExists();
  }

  /** Notes that a device got a session. */
  async meet({ device: { name, keyId }, authorityId, userAgent, at }: Meeting): Promise<void> {
    const said = userAgent?.replace(UNPRINTABLE, '').slice(0, MAX_USER_AGENT_LENGTH) ?? null;
    await this.manager.query(
      `INSERT INTO ${this.table} AS known
         (brand_id, model, serial, key_id, authority_id, user_agent, first_seen, last_seen, session_at, sessions)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, 1)
       ON CONFLICT (brand_id, model, serial) DO UPDATE SET
         key_id = excluded.key_id, authority_id = excluded.authority_id, user_agent = excluded.user_agent,
         last_seen = greatest(known.last_seen, excluded.last_seen), session_at = excluded.session_at,
         sessions = least(known.sessions, 2147483646) + 1`,
      [name.brandId, name.model, name.serial, keyId, authorityId, said, at],
    );
  }

  /** Notes when devices were seen; those that are not known are passed over. */
  async see(sightings: readonly { readonly name: DeviceName; readonly at: Date }[]): Promise<void> {
    await this.manager.query(
      `UPDATE ${this.table} AS known SET last_seen = seen.at
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS seen (brand_id, model, serial, at)
       WHERE known.brand_id = seen.brand_id AND known.model = seen.model AND known.serial = seen.serial
         AND known.last_seen < seen.at`,
      [
        sightings.map(({ name }) => name.brandId),
        sightings.map(({ name }) => name.model),
        sightings.map(({ name }) => name.serial),
        sightings.map(({ at }) => at),
      ],
    );
  }

  async revoked(): Promise<ProvenDevice[]> {
    const rows = await this.manager.find(Device, {
      select: { brandId: true, model: true, serial: true, keyId: true },
      where: { revokedAt: Not(IsNull()) },
    });
    return rows.map(({ brandId, model, serial, keyId }) => ({ name: DeviceName.of(brandId, model, serial), keyId }));
  }

  find(name: DeviceName): Promise<Device | null> {
    return this.manager.findOneBy(Device, keyOf(name));
  }

  /** Those that were seen last, first. */
  list(filter: DeviceFilter, limit: number): Promise<Device[]> {
    return this.filtered(filter)
      .orderBy('device.lastSeen', 'DESC')
      .addOrderBy('device.brandId')
      .addOrderBy('device.model')
      .addOrderBy('device.serial')
      .limit(limit)
      .getMany();
  }

  count(filter: DeviceFilter): Promise<number> {
    return this.filtered(filter).getCount();
  }

  async revoke(name: DeviceName, at: Date): Promise<void> {
    await this.manager.update(Device, keyOf(name), { revokedAt: at });
    await this.changes.announce(DEVICES_TOPIC, []);
  }

  /** @returns whether there was such a device */
  async forget(name: DeviceName): Promise<boolean> {
    const removed = await this.manager.delete(Device, keyOf(name));
    await this.changes.announce(DEVICES_TOPIC, []);
    return (removed.affected ?? 0) > 0;
  }

  private filtered({ brandId, model, isRevoked }: DeviceFilter) {
    const query = this.manager.createQueryBuilder(Device, 'device');
    if (brandId !== undefined) query.andWhere('device.brandId = :brandId', { brandId });
    if (model !== undefined) query.andWhere('device.model = :model', { model });
    if (isRevoked !== undefined) query.andWhere(`device.revokedAt IS ${isRevoked ? 'NOT NULL' : 'NULL'}`);
    return query;
  }

  private get table(): string {
    const { tablePath } = this.manager.dataSource.getMetadata(Device);
    return tablePath
      .split('.')
      .map((part) => `"${part}"`)
      .join('.');
  }

  private get manager(): EntityManager {
    return this.transaction.manager;
  }
}

function keyOf({ brandId, model, serial }: DeviceName) {
  return { brandId, model, serial };
}

import { describe, expect, it } from 'vitest';

import type { Clock } from '../../../kernel/clock.js';
import type { Sealing } from '../../../platform/sealing/index.js';
import type { UsedRequestId } from '../entities/used-request-id.entity.js';
import type { SerialRepository } from '../serials/serial.repository.js';
import { RequestIds } from './request-ids.js';

const HOUR_MS = 60 * 60 * 1000;

function open(): { ids: RequestIds; another: RequestIds; clock: { time: number }; uses: Map<string, UsedRequestId> } {
  const clock = { time: Date.parse('2026-01-01T00:00:00Z') };
  const uses = new Map<string, UsedRequestId>();
  let secret: string | null = null;
  const repository = {
    secret: () => Promise.resolve(secret),
    addSecret: (made: string) => {
      secret ??= made;
      return Promise.resolve();
    },
    requestIdUse: (digest: string) => Promise.resolve(uses.get(digest) ?? null),
    addRequestIdUse: (use: UsedRequestId) => {
      uses.set(use.digest, use);
      return Promise.resolve();
    },
  } as unknown as SerialRepository;
  const sealing = {
    seal: (plain: Buffer) => Promise.resolve(plain.toString('hex')),
    unseal: (text: string) => Promise.resolve(Buffer.from(text, 'hex')),
  } as unknown as Sealing;
  const make = (): RequestIds =>
    new RequestIds(repository, sealing, { now: () => new Date(clock.time) } satisfies Clock);
  return { ids: make(), another: make(), clock, uses };
}

describe(RequestIds.name, () => {
  it('are known to every process of the store, for an hour', async () => {
    const { ids, another, clock } = open();
    const id = await ids.issue();
    await another.check(id);
    clock.time += HOUR_MS - 1000;
    await another.check(id);
    clock.time += 1000;
    await expect(another.check(id)).rejects.toThrow('too old');
  });

  it('leave nothing behind before they are used, and are good for one device', async () => {
    const { ids, uses } = open();
    const id = await ids.issue();
    expect(await ids.issue()).not.toBe(id);
    expect(uses.size).toBe(0);
    await ids.use(id, 'device');
    await ids.use(id, 'device');
    expect(uses.size).toBe(1);
    await expect(ids.use(id, 'another')).rejects.toMatchObject({ code: 'request-id-refused' });
  });

  it('never begin with a dash', async () => {
    const { ids } = open();
    expect(await ids.issue()).toMatch(/^[a-zA-Z0-9]/);
  });
});

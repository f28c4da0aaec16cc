import type { HeaderMap } from '../../../formats/assertion/index.js';
import type { RsaPublicKey } from '../../../formats/openpgp/index.js';

export interface SerialFacts {
  readonly authorityId: string;
  readonly brandId: string;
  readonly model: string;
  readonly serial: string;
  /** The device's. */
  readonly key: RsaPublicKey;
  readonly revision: number;
  readonly at: Date;
}

/** What a serial assertion says (snapd: asserts/serial_asserts.go). */
export function serialHeaders({ authorityId, brandId, model, serial, key, revision, at }: SerialFacts): HeaderMap {
  return {
    'authority-id': authorityId,
    revision: String(revision),
    'brand-id': brandId,
    model,
    serial,
    'device-key': key.encode(),
    'device-key-sha3-384': key.id,
    timestamp: at.toISOString(),
  };
}

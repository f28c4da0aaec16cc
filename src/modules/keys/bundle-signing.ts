import { createPublicKey } from 'node:crypto';

import { type ManifestSigner, rawPublicKey } from '../../formats/bundle/index.js';
import { SCHEMA } from '../../platform/database/schema.js';
import type { SqlReader } from '../../platform/database/sql-reader.js';
import type { Sealing } from '../../platform/sealing/sealing.js';
import { KeyNotHeldError, KeyRetiredError } from './keys.errors.js';
import { unsealPair } from './sealed-pair.js';
import type { KeyState } from './store-key.entity.js';

interface SignerRow {
  readonly id: string;
  readonly state: KeyState;
  readonly publicPem: string;
  readonly sealedPrivate: string;
}

/** Signs bundles as SigningService does, for commands that do without Nest and TypeORM. */
export class BundleSigning {
  /** @param database null where the store has none yet, and so no key */
  constructor(
    private readonly database: SqlReader | null,
    private readonly sealing: Sealing,
  ) {}

  /** With the store's active Ed25519 key, looked up for each signature; null where it has none. */
  async manifestSigner(): Promise<ManifestSigner | null> {
    const row = await this.find(`state = 'active'`, []);
    if (row === null) return null;
    const publicKey = rawPublicKey(createPublicKey(row.publicPem));
    return { keyId: row.id, publicKey, sign: (bytes) => this.sign(row.id, bytes) };
  }

  private async sign(id: string, bytes: Uint8Array): Promise<Buffer> {
    const row = await this.find('id = $1', [id]);
    if (row === null) throw new KeyNotHeldError(id);
    if (row.state !== 'active') throw new KeyRetiredError(id);
    return (await unsealPair(this.sealing, id, row.sealedPrivate)).signBytes(bytes);
  }

  private async find(condition: string, parameters: unknown[]): Promise<SignerRow | null> {
    const rows = await this.database?.query<SignerRow[]>(
      `SELECT id, state, public_pem AS "publicPem", sealed_private AS "sealedPrivate"
       FROM ${SCHEMA}.key WHERE role = 'signer' AND ${condition}`,
      parameters,
    );
    return rows?.[0] ?? null;
  }
}

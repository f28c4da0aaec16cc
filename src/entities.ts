import { StoredAccessPassword } from './modules/access/access-password.entity.js';
import { AirgapEvent } from './modules/airgap-policy/mode/airgap-event.entity.js';
import { StoredImportPolicy } from './modules/airgap-policy/rules/import-policy.entity.js';
import { AssertionRow } from './modules/assertions/assertion.entity.js';
import { Blob } from './modules/blobs/blob.entity.js';
import { SnapDelta } from './modules/catalog/deltas/snap-delta.entity.js';
import { ComponentPair } from './modules/catalog/entities/component-pair.entity.js';
import { ComponentRevision } from './modules/catalog/entities/component-revision.entity.js';
import { Release } from './modules/catalog/entities/release.entity.js';
import { SnapRevision } from './modules/catalog/entities/snap-revision.entity.js';
import { Snap } from './modules/catalog/entities/snap.entity.js';
import { SnapRestriction } from './modules/devices/admission/snap-restriction.entity.js';
import { Device } from './modules/devices/known/device.entity.js';
import { SpentNonce } from './modules/devices/sessions/spent-nonce.entity.js';
import { FeaturedList } from './modules/catalog/search/featured-list.entity.js';
import { SnapCategories } from './modules/catalog/search/snap-categories.entity.js';
import { SnapSearch } from './modules/catalog/search/snap-search.entity.js';
import { CertificateAuthority } from './modules/https/certificate-authority.entity.js';
import { StoreKey } from './modules/keys/store-key.entity.js';
import { DeviceModel } from './modules/model-service/entities/device-model.entity.js';
import { IssuedSerial } from './modules/model-service/entities/issued-serial.entity.js';
import { RegistrationSecret } from './modules/model-service/entities/registration-secret.entity.js';
import { RemodelRule } from './modules/model-service/entities/remodel-rule.entity.js';
import { SerialPolicy } from './modules/model-service/entities/serial-policy.entity.js';
import { UsedRequestId } from './modules/model-service/entities/used-request-id.entity.js';
import { StoreIdentityRow } from './modules/registration/identity/store-identity.entity.js';
import { Authority } from './modules/registration/authority/entities/authority.entity.js';
import { AuthorityNonce } from './modules/registration/authority/entities/authority-nonce.entity.js';
import { AuthorityOperator } from './modules/registration/authority/entities/authority-operator.entity.js';
import { RegisteredStore } from './modules/registration/authority/entities/registered-store.entity.js';
import { BundleSigner } from './modules/snap-import/signers/bundle-signer.entity.js';
import { ImportRecord } from './modules/snap-import/ledger/import-record.entity.js';
import { Setting } from './platform/config/setting.entity.js';
import type { SchemaParts } from './platform/database/data-source.js';
import { MIGRATIONS } from './platform/database/migrations/index.js';

/** Every table and migration of the store; the program and `ormconfig.ts` use this one list. */
export const SCHEMA_PARTS = {
  entities: [
    AirgapEvent,
    AssertionRow,
    Authority,
    AuthorityNonce,
    AuthorityOperator,
    Blob,
    BundleSigner,
    CertificateAuthority,
    ComponentPair,
    ComponentRevision,
    DeviceModel,
    Device,
    FeaturedList,
    ImportRecord,
    IssuedSerial,
    RegisteredStore,
    RegistrationSecret,
    Release,
    RemodelRule,
    SerialPolicy,
    Setting,
    Snap,
    SnapDelta,
    SnapRestriction,
    SnapRevision,
    SpentNonce,
    SnapCategories,
    SnapSearch,
    StoredAccessPassword,
    StoredImportPolicy,
    StoreIdentityRow,
    StoreKey,
    UsedRequestId,
  ],
  migrations: MIGRATIONS,
} satisfies SchemaParts;

import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { addAssertions, addPushAccountKeys } from './assertions.js';
import { addAuthority } from './authority.js';
import { addBundle } from './bundle.js';
import { addCategories } from './categories.js';
import { addChannelMap } from './channel-map.js';
import { addCheckConnections } from './check-connections.js';
import { addClientConfig } from './client-config.js';
import { addCohorts } from './cohorts.js';
import { addCompletion } from './completion.js';
import { addConfig } from './config.js';
import { addCreate, addDelete } from './create.js';
import { addDefaultTrack } from './default-track.js';
import { addDevices } from './devices.js';
import { addDeltas } from './deltas.js';
import { addDisableAirgapMode } from './disable-airgap-mode.js';
import { addDoctor } from './doctor.js';
import { addEnableAirgapMode } from './enable-airgap-mode.js';
import { addExportSnaps } from './export-snaps.js';
import { addFeatured } from './featured.js';
import { addFetchCache } from './fetch-cache.js';
import { addFetchSnaps } from './fetch-snaps.js';
import { addFetchAssertions } from './fetch-assertions.js';
import { addGc } from './gc.js';
import { addImportCertificate } from './import-certificate.js';
import { addGenerateKeys } from './generate-keys.js';
import { addImports } from './imports.js';
import { addInventory } from './inventory.js';
import { addKeys } from './keys.js';
import { addList } from './list.js';
import { addListPushedSnaps } from './list-pushed-snaps.js';
import { addListRevisions } from './list-revisions.js';
import { addListUpdates } from './list-updates.js';
import { addMigrateDatabase } from './migrate-database.js';
import { addParts } from './parts.js';
import { addPolicy } from './policy.js';
import { addPushSnap } from './push-snap.js';
import { addRegister } from './register.js';
import { addClose, addRelease } from './release.js';
import { addRemodelAllowlist } from './remodel-allowlist.js';
import { addRemoveSnap } from './remove-snap.js';
import { addRestrict } from './restrict.js';
import { addSerials } from './serials.js';
import { addServe } from './serve.js';
import { addSigners } from './signers.js';
import { addStatus } from './status.js';
import { addValidationSets } from './validation-sets.js';
import { addVerifyStore } from './verify-store.js';

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly ((parent: Command, commandLine: CommandLine) => void)[] = [
  addServe,
  addStatus,
  addConfig,
  addRegister,
  addImportCertificate,
  addDoctor,
  addCheckConnections,
  addEnableAirgapMode,
  addDisableAirgapMode,
  addFetchSnaps,
  addFetchCache,
  addListUpdates,
  addFetchAssertions,
  addPushSnap,
  addParts,
  addImports,
  addListPushedSnaps,
  addListRevisions,
  addChannelMap,
  addRelease,
  addClose,
  addDefaultTrack,
  addCohorts,
  addFeatured,
  addCategories,
  addDeltas,
  addInventory,
  addExportSnaps,
  addRemoveSnap,
  addGc,
  addVerifyStore,
  addBundle,
  addPolicy,
  addDevices,
  addRestrict,
  addGenerateKeys,
  addKeys,
  addSigners,
  addAssertions,
  addPushAccountKeys,
  addValidationSets,
  addAuthority,
  addCreate,
  addList,
  addDelete,
  addSerials,
  addRemodelAllowlist,
  addClientConfig,
  addMigrateDatabase,
  addCompletion,
];

import { Module } from '@nestjs/common';

import { AirgapPolicyModule, ImportRules } from '../airgap-policy/index.js';
import { AssertionsModule } from '../assertions/index.js';
import { BlobsModule } from '../blobs/index.js';
import { CatalogModule } from '../catalog/index.js';
import { ComponentPublisher } from './components/component-publisher.js';
import { HeldContent } from './held-content.js';
import { ImportPolicy } from './import-policy.js';
import { ImportPublisher } from './import-publisher.js';
import { ImportService } from './import.service.js';
import { ImportLedger } from './ledger/import-ledger.js';
import { ImportRepository } from './ledger/import.repository.js';
import { LedgerReader } from './ledger/ledger-reader.js';
import { PartImports } from './parts/part-imports.js';
import { WaitingParts } from './parts/waiting-parts.js';
import { BundleSignerRepository } from './signers/bundle-signer.repository.js';
import { SignerService } from './signers/signer.service.js';
import { WatchFolder } from './watch/watch-folder.js';

@Module({
  imports: [AirgapPolicyModule, AssertionsModule, BlobsModule, CatalogModule],
  providers: [
    { provide: ImportPolicy, inject: [ImportRules], useFactory: (rules: ImportRules): ImportPolicy => rules },
    BundleSignerRepository,
    ComponentPublisher,
    HeldContent,
    ImportLedger,
    ImportPublisher,
    ImportRepository,
    ImportService,
    LedgerReader,
    PartImports,
    SignerService,
    WaitingParts,
    WatchFolder,
  ],
  exports: [ImportService, LedgerReader, PartImports, SignerService, WatchFolder],
})
export class SnapImportModule {}

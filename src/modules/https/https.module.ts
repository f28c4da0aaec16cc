import { Module } from '@nestjs/common';

import { CertificateAuthorityRepository } from './certificate-authority.repository.js';
import { CertificateService } from './certificate.service.js';
import { HttpsFollower } from './https-follower.js';
import { OwnAuthority } from './own-authority.js';

@Module({
  providers: [CertificateAuthorityRepository, OwnAuthority, CertificateService, HttpsFollower],
  exports: [CertificateService, HttpsFollower],
})
export class HttpsModule {}

import { Module } from '@nestjs/common';

import { AccessPassword } from './access-password.js';
import { AccessPasswordRepository } from './access-password.repository.js';

@Module({ providers: [AccessPassword, AccessPasswordRepository], exports: [AccessPassword] })
export class AccessModule {}

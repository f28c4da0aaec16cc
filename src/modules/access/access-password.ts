import { Injectable } from '@nestjs/common';

import { hashPassword, verifyPassword } from '../../platform/passwords/index.js';
import { PasswordUnusableError } from './access.errors.js';
import { AccessPasswordRepository } from './access-password.repository.js';

/** Counted in characters; NIST SP 800-63B asks for eight. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 256;

/** The password that `enable-airgap-mode` sets, and by which the store is managed as `admin`. */
@Injectable()
export class AccessPassword {
  constructor(private readonly repository: AccessPasswordRepository) {}

  async isSet(): Promise<boolean> {
    return (await this.repository.find()) !== null;
  }

  /** Replaces the one that was set before. @throws PasswordUnusableError */
  async set(password: string): Promise<void> {
    checkPassword(password);
    await this.repository.put(await hashPassword(password));
  }

  /** False while none is set. */
  async verify(password: string): Promise<boolean> {
    const phc = await this.repository.find();
    return phc !== null && verifyPassword(password, phc);
  }
}

/** @throws PasswordUnusableError */
export function checkPassword(password: string): void {
  const length = Array.from(password).length;
  if (length < MIN_LENGTH)
    throw new PasswordUnusableError(`the access password needs at least ${MIN_LENGTH} characters`);
  if (length > MAX_LENGTH)
    throw new PasswordUnusableError(`the access password is longer than ${MAX_LENGTH} characters`);
  if (/\p{Cc}/u.test(password)) throw new PasswordUnusableError('the access password holds control characters');
}

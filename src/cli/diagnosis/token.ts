import type { INestApplicationContext } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import type { Check } from './doctor.js';

/** The token that keeps the keys of brands, where one is configured. */
export async function checkToken(store: INestApplicationContext): Promise<Check> {
  const name = 'hsm';
  const { Pkcs11Token } = await import('../../modules/keys/index.js');
  const token = store.get(Pkcs11Token);
  if (!token.isConfigured) return { name, state: 'ok', message: 'no token; keys of brands are sealed in this store' };
  try {
    await token.check();
    return { name, state: 'ok', message: `token "${token.label}" answers and takes the PIN` };
  } catch (error) {
    return { name, state: 'failed', message: messageOf(error) };
  }
}

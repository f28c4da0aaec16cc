import { stat } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { counted } from '../table.js';
import type { Check } from './doctor.js';

const READABLE_BY_OTHERS = 0o077;

/** The sealing key, what is sealed under it, and the keys that the store needs. */
export async function checkSealing(store: INestApplicationContext): Promise<Check[]> {
  const sealKey = await checkSealKey(store);
  const sealed = sealKey.state === 'warning' ? [] : [await checkSealed(store)];
  return [sealKey, ...sealed, await checkKeys(store)];
}

async function checkSealKey(store: INestApplicationContext): Promise<Check> {
  const name = 'sealing-key';
  const { Sealing, SealKeyUnusableError } = await import('../../platform/sealing/index.js');
  const source = store.get(Sealing).source();
  try {
    const key = await source.read();
    if (key === null) return { name, state: 'ok', message: `${source.description}: made when it is first needed` };
    const mode = source.file === null ? 0 : (await stat(source.file)).mode & 0o777;
    if ((mode & READABLE_BY_OTHERS) !== 0) {
      const message = `${source.file ?? ''} can be read by others (mode ${mode.toString(8)}): chmod 600 it`;
      return { name, state: 'failed', message };
    }
    return { name, state: 'ok', message: `${source.description} (key ${key.id})` };
  } catch (error) {
    // The service may well be given what this shell is not.
    const isElsewhere = error instanceof SealKeyUnusableError && error.details.variable !== undefined;
    const note = isElsewhere ? '; what is sealed was not looked at' : '';
    return { name, state: isElsewhere ? 'warning' : 'failed', message: `${messageOf(error)}${note}` };
  }
}

async function checkSealed(store: INestApplicationContext): Promise<Check> {
  const name = 'sealed-secrets';
  const { Resealing } = await import('../../platform/sealing/index.js');
  const { total, broken } = await store.get(Resealing).examine();
  const [first] = broken;
  if (first === undefined) return { name, state: 'ok', message: `${counted(total, 'secret')}, all can be opened` };
  const message = `${broken.length} of ${counted(total, 'secret')} cannot be opened: ${first.reason}`;
  return { name, state: 'failed', message };
}

async function checkKeys(store: INestApplicationContext): Promise<Check> {
  const name = 'keys';
  const { KeyService } = await import('../../modules/keys/index.js');
  const keys = store.get(KeyService);
  const [identity, signer] = [await keys.find('identity'), await keys.find('signer')];
  const found = [identity, signer].filter((key) => key !== null).map(({ role, id }) => `${role} ${id}`);
  // A store that devices reach by its URL alone works without.
  if (found.length === 0) return { name, state: 'ok', message: 'none; "snap-store-proxy generate-keys" makes them' };
  return { name, state: 'ok', message: found.join(', ') };
}

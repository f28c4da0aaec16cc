import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { Queue } from '../../../kernel/queue.js';
import { Settings } from '../../../platform/config/settings.js';
import { SettingsService } from '../../../platform/config/settings.service.js';
import { Pkcs11Tool, type ToolOutcome, type ToolRun } from './pkcs11-tool.js';
import {
  TokenBusyError,
  TokenFailedError,
  TokenKeyMissingError,
  TokenMissingError,
  TokenModuleUnusableError,
  TokenNotConfiguredError,
  TokenPinRefusedError,
} from './token.errors.js';

const MODULE = 'proxy.hsm.module';
const TOKEN_LABEL = 'proxy.hsm.token-label';
const PIN = 'proxy.hsm.token-pin';

const RSA_BITS = 4096;
/** A smart card takes minutes for a key of this size. */
const GENERATE_TIMEOUT_MS = 15 * 60_000;
const TIMEOUT_MS = 60_000;
/** A token does one thing after the other; whoever has to wait longer than its clients do need not wait. */
const AT_ONCE = 1;
const WAITING = 50;
const OBJECT_ID_BYTES = 16;
const OBJECT_ID = /^(?:[0-9a-f]{2}){1,64}$/;
/** DigestInfo of SHA-512 (RFC 8017, 9.2): what stands before the digest in a PKCS#1 v1.5 signature. */
const SHA512_INFO = Buffer.from('3051300d060960864801650304020305000440', 'hex');

/** Where a key pair is in a token. */
export interface TokenObject {
  /** The token's label. */
  readonly token: string;
  /** CKA_ID in lower case hex. */
  readonly objectId: string;
}

export interface TokenKey extends TokenObject {
  readonly publicKey: KeyObject;
}

/**
 * The PKCS#11 token that `proxy.hsm.…` names. Private keys are made in it and stay in it; it is given digests, and gives signatures.
 * Everything goes through a program of its own, so that no native module is part of this one.
 */
@Injectable()
export class Pkcs11Token {
  private readonly queue = new Queue(AT_ONCE, WAITING);
  private refusedPin: string | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly secrets: SettingsService,
    private readonly tool: Pkcs11Tool,
  ) {}

  /** Whether there is a module at all; whether it works is for `check` to say. */
  get isConfigured(): boolean {
    return this.settings.get(MODULE) !== null;
  }

  /** The label of the token for new keys. @throws TokenNotConfiguredError */
  get label(): string {
    return this.setting(TOKEN_LABEL);
  }

  /**
   * Makes an RSA key pair of 4096 bits that signs and never leaves the token.
   * @param label what tools that list the token's objects show
   * @throws the errors of `token.errors.ts`; the signal's reason, and then the token may have the key all the same
   */
  async generate(label: string, signal?: AbortSignal): Promise<TokenKey> {
    const object = { token: this.label, objectId: randomBytes(OBJECT_ID_BYTES).toString('hex') };
    const type = ['--keypairgen', '--key-type', `rsa:${RSA_BITS}`, '--usage-sign', '--sensitive', '--private'];
    await this.ask(object.token, {
      args: [...type, '--label', label, '--id', object.objectId],
      timeoutMs: GENERATE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    return this.find(object.objectId);
  }

  /** The public half of a key pair that is in the token. @throws TokenKeyMissingError, and the others */
  async find(objectId: string): Promise<TokenKey> {
    const token = this.label;
    if (!OBJECT_ID.test(objectId)) throw new TokenKeyMissingError(token, objectId.slice(0, 150));
    const args = ['--read-object', '--type', 'pubkey', '--id', objectId];
    const { stdout } = await this.ask(token, { args, timeoutMs: TIMEOUT_MS }, objectId);
    return { token, objectId, publicKey: publicKeyOf(stdout, token) };
  }

  /** The PKCS#1 v1.5 signature over the SHA-512 of the bytes. @throws TokenKeyMissingError, and the others */
  async sign({ token, objectId }: TokenObject, bytes: Uint8Array): Promise<Buffer> {
    const digestInfo = Buffer.concat([SHA512_INFO, createHash('sha512').update(bytes).digest()]);
    const args = ['--sign', '--mechanism', 'RSA-PKCS', '--id', objectId];
    const { stdout } = await this.ask(token, { args, input: digestInfo, timeoutMs: TIMEOUT_MS }, objectId);
    return stdout;
  }

  /** Loads the module, finds the token and logs in. @throws what does not work of it */
  async check(): Promise<void> {
    await this.ask(this.label, { args: ['--list-objects', '--type', 'pubkey'], timeoutMs: TIMEOUT_MS });
  }

  private async ask(token: string, run: Omit<ToolRun, 'pin'>, objectId = ''): Promise<ToolOutcome> {
    const module = this.setting(MODULE);
    const outcome = await this.queue.run(async () => {
      const pin = await this.secrets.secret(PIN);
      if (pin !== null && pin === this.refusedPin) {
        throw new TokenPinRefusedError(token, 'it was refused before, and is not tried again until it is changed');
      }
      const args = ['--module', module, '--token-label', token, ...run.args];
      const done = await this.tool.run({ ...run, args, pin });
      if (done.exitCode === 0) return done;
      const error = failureOf(done, { module, token, objectId, pin });
      if (error instanceof TokenPinRefusedError) this.refusedPin = pin;
      throw error;
    });
    if (outcome === null) throw new TokenBusyError();
    return outcome;
  }

  private setting(key: string): string {
    const value = this.settings.get(key);
    if (value === null) throw new TokenNotConfiguredError(key);
    return value;
  }
}

interface Asked extends TokenObject {
  readonly module: string;
  readonly pin: string | null;
}

/** By the words of OpenSC, and by the names that PKCS#11 has for what can go wrong. */
function failureOf({ exitCode, stderr }: ToolOutcome, { module, token, objectId, pin }: Asked): Error {
  const pinTrouble = /CKR_(PIN_[A-Z_]+|USER_PIN_NOT_INITIALIZED)/.exec(stderr)?.[0];
  if (pinTrouble !== undefined) return new TokenPinRefusedError(token, pinTrouble);
  if (/Failed to load pkcs11 module/i.test(stderr)) return new TokenModuleUnusableError(module);
  if (/No slot with (?:a )?token/i.test(stderr) || stderr.includes('CKR_TOKEN_NOT_PRESENT')) {
    return new TokenMissingError(token);
  }
  if (/key not found|object not found/i.test(stderr)) return new TokenKeyMissingError(token, objectId);
  const said = stderr
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !/^(?:Using|Aborting)/.test(line));
  const reason = (said ?? `it ended with ${exitCode ?? 'a signal'}`).slice(0, 200);
  const shown = pin === null || pin === '' ? reason : reason.replaceAll(pin, '<redacted>');
  return new TokenFailedError(`the token "${token}" failed: ${shown}`, { token });
}

/** As DER: SubjectPublicKeyInfo from newer programs, PKCS#1 from older ones. */
function publicKeyOf(der: Buffer, token: string): KeyObject {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key: der, format: 'der', type });
    } catch {
      // The other form, or none.
    }
  }
  throw new TokenFailedError(`the token "${token}" gave something else than a public key`, { token });
}

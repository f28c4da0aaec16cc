import {
  type ConditionCheck,
  decodeMacaroon,
  encodeMacaroon,
  InvalidMacaroonError,
  Macaroon,
  MacaroonRefusedError,
  verifyMacaroon,
} from '../../../formats/macaroon/index.js';
import { DeviceName } from '../device-name.js';

/** A device that has proved who it is. */
export interface ProvenDevice {
  readonly name: DeviceName;
  /** The id of its key (`device-key-sha3-384`). */
  readonly keyId: string;
}

export interface DeviceSession {
  /** Null for a device that an open store serves without knowing it. */
  readonly device: ProvenDevice | null;
  readonly expiresAt: Date;
}

const VERSION = 1;
const TIME_BEFORE = 'time-before ';
/** It travels with every request: version 2 is the shorter one, and snapd does not look into it. */
const MACAROON_VERSION = 2;

/**
 * What a device sends with its requests once it has a session: a macaroon whose identifier names the device, and whose caveat says
 * until when it is good. Whoever holds it can narrow the time, and no more.
 */
export function writeSessionToken({ device, expiresAt }: DeviceSession, key: Uint8Array): string {
  const identity = device === null ? {} : { device: device.name.toString(), key: device.keyId };
  const identifier = Buffer.from(JSON.stringify({ session: VERSION, ...identity }));
  const macaroon = Macaroon.create(null, identifier, key).withCaveat(`${TIME_BEFORE}${expiresAt.toISOString()}`);
  return encodeMacaroon(macaroon, MACAROON_VERSION);
}

/** The session that a token stands for; null where it is not this store's, was changed, or is over. */
export function readSessionToken(text: string, key: Uint8Array, now: Date): DeviceSession | null {
  let expiresAt = Infinity;
  const holds: ConditionCheck = (condition) => {
    const until = condition.startsWith(TIME_BEFORE) ? Date.parse(condition.slice(TIME_BEFORE.length)) : NaN;
    expiresAt = Math.min(expiresAt, until);
    return until > now.getTime();
  };
  try {
    const macaroon = decodeMacaroon(text);
    verifyMacaroon(macaroon, key, [], holds);
    // Without an end it is none of those that are written here.
    if (!Number.isFinite(expiresAt)) return null;
    return { device: readIdentity(macaroon.identifier), expiresAt: new Date(expiresAt) };
  } catch (error) {
    if (error instanceof InvalidMacaroonError || error instanceof MacaroonRefusedError) return null;
    throw error;
  }
}

/** What this store has signed is what it has written. */
function readIdentity(identifier: Buffer): ProvenDevice | null {
  const identity = JSON.parse(identifier.toString('utf8')) as { device?: string; key?: string };
  if (identity.device === undefined || identity.key === undefined) return null;
  return { name: DeviceName.parse(identity.device), keyId: identity.key };
}

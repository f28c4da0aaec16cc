import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a cohort key stands for: the channels of a snap as they were at one time. */
export interface Cohort {
  readonly snapId: string;
  /** The id of the newest decision about the snap's channels that counts, in decimal; 0 where there was none. */
  readonly lastReleaseId: string;
  readonly madeAt: Date;
}

const PREFIX = 'cohort1.';
const CONTENT = /^([a-zA-Z0-9]{32}) (0|[1-9][0-9]{0,18}) (0|[1-9][0-9]{0,14})$/;
const KEY = /^cohort1\.([\w-]{40,100})\.[\w-]{43}$/;

/**
 * The text that devices keep and show with each request: what it stands for, and a code that only this store can make
 * (HMAC-SHA-256), both base64url. So nothing has to be kept of a cohort, however many are made. snapd never looks inside.
 */
export function encodeCohortKey({ snapId, lastReleaseId, madeAt }: Cohort, secret: Buffer): string {
  const content = Buffer.from(`${snapId} ${lastReleaseId} ${madeAt.getTime()}`).toString('base64url');
  // With the prefix, so that no code that the secret makes for something else passes for one of these.
  const code = createHmac('sha256', secret).update(`${PREFIX}${content}`).digest('base64url');
  return `${PREFIX}${content}.${code}`;
}

/** Null where it is not, to the letter, a key that was made with this secret. */
export function decodeCohortKey(key: string, secret: Buffer): Cohort | null {
  const [, encoded = ''] = KEY.exec(key) ?? [];
  const [, snapId, lastReleaseId, madeAt] = CONTENT.exec(Buffer.from(encoded, 'base64url').toString('latin1')) ?? [];
  if (snapId === undefined || lastReleaseId === undefined || madeAt === undefined) return null;
  const cohort = { snapId, lastReleaseId, madeAt: new Date(Number(madeAt)) };
  const made = Buffer.from(encodeCohortKey(cohort, secret));
  const shown = Buffer.from(key);
  return made.length === shown.length && timingSafeEqual(made, shown) ? cohort : null;
}

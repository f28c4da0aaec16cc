import { scrypt } from 'node:crypto';

/** What deriving costs; the memory is 128 · r · 2^ln bytes. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** Beyond this a stranger's text could ask for any amount of memory and time. */
const MOST = { ln: 18, r: 8, p: 8 } as const;
const COST = /^ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})$/;

export function encodeCost({ ln, r, p }: ScryptCost): string {
  return `ln=${ln},r=${r},p=${p}`;
}

/** As `encodeCost` writes it. Null where it is none, or one that this program does not pay. */
export function parseCost(text: string): ScryptCost | null {
  const [ln, r, p] = (COST.exec(text) ?? []).slice(1).map(Number);
  if (ln === undefined || r === undefined || p === undefined) return null;
  const isPayable = ln >= 1 && r >= 1 && p >= 1 && ln <= MOST.ln && r <= MOST.r && p <= MOST.p;
  return isPayable ? { ln, r, p } : null;
}

/** Runs on the thread pool. The same letters give the same bytes, however the keyboard composed them (Unicode NFC). */
export function deriveBytes(secret: string, salt: Uint8Array, length: number, cost: ScryptCost): Promise<Buffer> {
  const N = 2 ** cost.ln;
  const options = { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFC'), salt, length, options, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}

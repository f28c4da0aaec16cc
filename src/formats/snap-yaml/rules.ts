import { isSnapName } from '../../kernel/snap-names.js';
import type { Fields } from './fields.js';

// snapd: snap/validate.go and snap/naming/validate.go
const VERSION = /^[a-zA-Z0-9](?:[a-zA-Z0-9:.+~-]{0,30}[a-zA-Z0-9+~])?$/;
const PROVENANCE = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
const DEFAULT_PROVENANCE = 'global-upload';
const MAX_TITLE = 40;
const MAX_SUMMARY = 128;
const MAX_DESCRIPTION = 4096;

/** What snap.yaml and component.yaml both say of themselves. Null is what they leave out. */
export interface Presentation {
  readonly summary: string | null;
  readonly description: string | null;
}

export function readPresentation(fields: Fields): Presentation {
  return {
    summary: boundedText(fields, 'summary', MAX_SUMMARY),
    description: boundedText(fields, 'description', MAX_DESCRIPTION),
  };
}

export function readTitle(fields: Fields): string | null {
  return boundedText(fields, 'title', MAX_TITLE);
}

export function checkVersion(fields: Fields, key: string, version: string): string {
  if (!VERSION.test(version)) {
    throw fields.refusal(
      key,
      `is no version: ${JSON.stringify(version.slice(0, 60))} is not 1 to 32 letters, digits or any of : . + ~ -`,
    );
  }
  return version;
}

export function checkSnapName(fields: Fields, key: string, name: string): string {
  if (!isSnapName(name)) throw fields.refusal(key, `is no snap name: ${JSON.stringify(name.slice(0, 60))}`);
  return name;
}

/** Null is the default provenance, which must not be spelled out. */
export function readProvenance(fields: Fields): string | null {
  const provenance = fields.text('provenance');
  if (provenance === null) return null;
  if (provenance === DEFAULT_PROVENANCE) throw fields.refusal('provenance', `must not say ${DEFAULT_PROVENANCE}`);
  if (!PROVENANCE.test(provenance)) {
    throw fields.refusal('provenance', `cannot be ${JSON.stringify(provenance.slice(0, 60))}`);
  }
  return provenance;
}

/** Lengths count code points, as snapd's do. */
function boundedText(fields: Fields, key: string, maxCodePoints: number): string | null {
  const text = fields.text(key);
  if (text === null) return null;
  if (text.length > 2 * maxCodePoints || Array.from(text).length > maxCodePoints) {
    throw fields.refusal(key, `is longer than ${maxCodePoints} characters`);
  }
  return text;
}

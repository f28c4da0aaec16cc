import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { parseLack } from '../device/support/without.js';

interface Row {
  /** An endpoint, or something that people do with a device. */
  readonly row: string;
  /** `folder/file: the beginning of a test's name`. */
  readonly tests: readonly string[];
  /** What a store has to be without for the first of them to fail (device/support/without.ts). */
  readonly without?: string;
  /** Why no device of this suite shows it. */
  readonly because?: string;
}

const ROOT = join(import.meta.dirname, '../..');
const rows = JSON.parse(readFileSync(join(ROOT, 'test/device/coverage.json'), 'utf8')) as Row[];

/** What management, the authority and monitors ask, and no device. */
const NOT_FOR_DEVICES =
  /^(_status\/|v2\/auth\/store\/|client-config|health|metrics|questions|discharge|macaroon|nonces|registrations|request-id$|serial$|v1\/)/;
/** What the table calls a route. */
const NAMES: Readonly<Record<string, string>> = {
  '': 'HEAD /',
  'api/v1/snaps/download/': 'download url',
  'api/v1/snaps/media/': 'icon url',
};

describe('what a real snapd can ask', () => {
  it.each(rows)('$row: there is a test', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const test of tests) {
      const [, file = '', title = ''] = /^([^:]+): (.+)$/.exec(test) ?? [];
      const path = join(ROOT, 'test', `${file}.spec.ts`);
      expect([test, existsSync(path)]).toEqual([test, true]);
      const text = readFileSync(path, 'utf8');
      expect([test, [`'${title}`, `"${title}`].some((start) => text.includes(start))]).toEqual([test, true]);
    }
  });

  it.each(rows)(
    '$row: it is said what its test fails without, or why no device shows it',
    ({ tests, without, because }) => {
      expect([without, because].filter((one) => one !== undefined)).toHaveLength(1);
      if (without !== undefined) parseLack(without);
      if (because === undefined && !tests[0]!.startsWith('device/')) expect(tests[0]).toMatch(/^integration\//);
    },
  );

  it('is all that the store answers devices', () => {
    const paths = controllers(join(ROOT, 'src'))
      .flatMap((text) => [...text.matchAll(/@(?:Get|Post)\((?:'([^']*)')?\)/g)].map(([, path = '']) => path))
      .map((path) => path.replace(/\*.*$/, ''))
      .filter((path) => !NOT_FOR_DEVICES.test(path) && !path.includes(':'));
    expect(paths).toContain('v2/snaps/refresh');
    const known = rows.map(({ row }) => row).join('\n');
    expect(paths.filter((path) => !known.includes(NAMES[path] ?? path))).toEqual([]);
  });
});

function controllers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.controller.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

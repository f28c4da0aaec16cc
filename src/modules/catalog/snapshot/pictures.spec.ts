import { describe, expect, it } from 'vitest';

import type { SnapMedia } from '../snap-metadata.js';
import { isTakenByDevices, picturesOf } from './pictures.js';

const picture = (type: string, size = 1_000): SnapMedia => {
  const digest = { 'sha3-384': `${type}${size}`, 'content-type': 'image/png' };
  return { type, ...digest, size, width: null, height: null };
};
const own = picture('icon', 500);

describe(picturesOf.name, () => {
  it.each<[string, SnapMedia[], SnapMedia | null, SnapMedia[]]>([
    ['nothing is known', [], null, []],
    ['only the snap has one', [], own, [own]],
    ['the store knows an icon', [picture('icon')], own, [picture('icon')]],
    ['the store knows a screenshot alone', [picture('screenshot')], own, [picture('screenshot'), own]],
    ['no device takes the store’s icon', [picture('icon', 300_001)], own, [picture('icon', 300_001), own]],
  ])('where %s', (_what, media, icon, expected) => {
    expect(picturesOf({ media }, icon)).toEqual(expected);
  });
});

it('takes icons of up to 300000 bytes to be those that devices take, and any screenshot', () => {
  expect([300_000, 300_001].map((size) => isTakenByDevices(picture('icon', size)))).toEqual([true, false]);
  expect(isTakenByDevices(picture('screenshot', 5_000_000))).toBe(true);
});

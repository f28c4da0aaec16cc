import { describe, expect, it } from 'vitest';

import { DeviceName } from '../device-name.js';
import { SnapRestrictions } from './snap-restrictions.js';

const till = DeviceName.parse('acme/till/1');
const robot = DeviceName.parse('acme/robot/1');
const other = DeviceName.parse('other/till/1');

describe(SnapRestrictions.name, () => {
  it('leaves everything to everybody where there are none', () => {
    const none = new SnapRestrictions([]);
    expect([none.isEmpty, none.forStrangers.isEverything, none.viewOf(till).isEverything]).toEqual([true, true, true]);
    expect(none.forStrangers.mayHave('a')).toBe(true);
  });

  it.each([
    ['a brand', [{ snapId: 'a', brandId: 'acme', model: '' }], [true, true, false]],
    ['a model', [{ snapId: 'a', brandId: 'acme', model: 'till' }], [true, false, false]],
    [
      'two audiences',
      [
        { snapId: 'a', brandId: 'acme', model: 'till' },
        { snapId: 'a', brandId: 'other', model: '' },
      ],
      [true, false, true],
    ],
    [
      'a model of the same name of another brand',
      [{ snapId: 'a', brandId: 'third', model: 'till' }],
      [false, false, false],
    ],
  ])('leaves a snap to %s alone, and others to everybody', (_, rows, expected) => {
    const restrictions = new SnapRestrictions(rows);
    const views = [till, robot, other].map((device) => restrictions.viewOf(device));
    expect(views.map((view) => view.mayHave('a'))).toEqual(expected);
    expect(views.map((view) => view.mayHave('b'))).toEqual([true, true, true]);
    expect(views.map((view) => view.isEverything)).toEqual([false, false, false]);
    expect([restrictions.forStrangers.mayHave('a'), restrictions.forStrangers.mayHave('b')]).toEqual([false, true]);
    expect(restrictions.forStrangers.isEverything).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';

import { DeviceName } from './device-name.js';
import { InvalidDeviceNameError } from './devices.errors.js';

describe(DeviceName.name, () => {
  it('is read as it is written', () => {
    const name = DeviceName.parse('acme/till-2/0b5e-77');
    expect([name.brandId, name.model, name.serial, name.toString()]).toEqual([
      'acme',
      'till-2',
      '0b5e-77',
      'acme/till-2/0b5e-77',
    ]);
  });

  it.each(['', 'acme', 'acme/till', 'acme/till/', '/till/1', 'acme//1', 'acme/till/1/2', 'acme/till/\0'])(
    'is not "%s"',
    (text) => {
      expect(() => DeviceName.parse(text)).toThrow(InvalidDeviceNameError);
    },
  );

  it('has parts that fit into an index of the database', () => {
    expect(DeviceName.parse(`acme/till/${'9'.repeat(300)}`).serial).toHaveLength(300);
    expect(() => DeviceName.parse(`acme/till/${'9'.repeat(301)}`)).toThrow(/up to 300 bytes/);
    expect(() => DeviceName.parse(`acme/till/${'é'.repeat(151)}`)).toThrow(/up to 300 bytes/);
  });
});

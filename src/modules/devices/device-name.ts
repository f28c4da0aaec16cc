import { InvalidDeviceNameError } from './devices.errors.js';

/** More than any brand gives out, and little enough for an index of the database. */
const MAX_PART_BYTES = 300;

/** A device by what its serial assertion is filed under: `BRAND/MODEL/SERIAL`, of which no part has a slash in it. */
export class DeviceName {
  private constructor(
    readonly brandId: string,
    readonly model: string,
    readonly serial: string,
  ) {}

  /** @throws InvalidDeviceNameError */
  static of(brandId: string, model: string, serial: string): DeviceName {
    for (const part of [brandId, model, serial]) {
      if (part === '' || part.includes('/') || part.includes('\0')) {
        throw new InvalidDeviceNameError('a device is BRAND/MODEL/SERIAL, none of which is empty');
      }
      if (Buffer.byteLength(part) > MAX_PART_BYTES) {
        throw new InvalidDeviceNameError(`brand, model and serial of a device have up to ${MAX_PART_BYTES} bytes each`);
      }
    }
    return new DeviceName(brandId, model, serial);
  }

  /** @throws InvalidDeviceNameError */
  static parse(text: string): DeviceName {
    const [brandId = '', model = '', ...rest] = text.split('/');
    return DeviceName.of(brandId, model, rest.join('/'));
  }

  toString(): string {
    return `${this.brandId}/${this.model}/${this.serial}`;
  }
}

import { StoreError } from '../../kernel/store-error.js';

export class ModelUnfitError extends StoreError {
  readonly code = 'model-unfit';
}

export class ModelExistsError extends StoreError {
  readonly code = 'model-exists';

  constructor(brandId: string, name: string) {
    super(`there is a model ${brandId}/${name} already`, { brand: brandId, model: name });
  }
}

export class ModelNotKnownError extends StoreError {
  readonly code = 'model-not-known';

  constructor(brandId: string, name: string) {
    super(`there is no model ${brandId}/${name} here`, { brand: brandId, model: name });
  }
}

export class PolicyNotKnownError extends StoreError {
  readonly code = 'serial-policy-not-known';
}

/** What the key would sign, no device would take. */
export class SerialAuthorityUnfitError extends StoreError {
  readonly code = 'serial-authority-unfit';
}

export class SerialNotKnownError extends StoreError {
  readonly code = 'serial-not-known';

  constructor(brandId: string, model: string, serial: string) {
    super(`no device was given the serial ${brandId}/${model}/${serial} here`, { brand: brandId, model, serial });
  }
}

export class RemodelRuleUnfitError extends StoreError {
  readonly code = 'remodel-rule-unfit';
}

export class RemodelRuleNotKnownError extends StoreError {
  readonly code = 'remodel-rule-not-known';

  constructor(id: number) {
    super(`the remodel allow-list has no entry ${id}`, { id });
  }
}

/** A device asks for a serial with something that is not a request for one. */
export class SerialRequestUnfitError extends StoreError {
  readonly code = 'serial-request-unfit';
}

/** The request-id was not given out here, not lately, or to another device. */
export class RequestIdRefusedError extends StoreError {
  readonly code = 'request-id-refused';
}

/** This store gives no serials to devices of the model. */
export class ModelNotServedError extends StoreError {
  readonly code = 'model-not-served';
}

export class ApiKeyRefusedError extends StoreError {
  readonly code = 'api-key-refused';

  constructor(brandId: string, model: string) {
    super(`devices of ${brandId}/${model} register with an API key, and this one has not the right one`);
  }
}

export class SerialTakenError extends StoreError {
  readonly code = 'serial-taken';

  constructor(serial: string) {
    super(`another device of the model has the serial ${serial}`, { serial });
  }
}

export class SerialRevokedError extends StoreError {
  readonly code = 'serial-revoked';

  constructor(serial: string) {
    super(`the serial ${serial} of this device was revoked`, { serial });
  }
}

export class DeviceLimitError extends StoreError {
  readonly code = 'device-limit-reached';

  constructor(brandId: string, model: string, limit: number) {
    super(`no more than ${limit} devices of ${brandId}/${model} may register`, { brand: brandId, model, limit });
  }
}

export class RemodelRefusedError extends StoreError {
  readonly code = 'remodel-refused';
}

/** The device is to register with a service somewhere else, and asks to be let through. */
export class DeviceServiceElsewhereError extends StoreError {
  readonly code = 'device-service-elsewhere';
}

export class TooManyRegistrationsError extends StoreError {
  readonly code = 'too-many-registrations';

  constructor() {
    super('more devices are registering than this store can take; try again later');
  }
}

import { ModelUnfitError } from './model-service.errors.js';

const ACCOUNT_ID = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28})$/;
const MODEL = /^[a-z0-9](?:-?[a-z0-9])*$/;
const MAX_MODEL = 100;

/** As model assertions write brand and model (snapd: asserts/model.go). @throws ModelUnfitError */
export function checkModelName(brandId: string, name: string): void {
  if (!ACCOUNT_ID.test(brandId)) throw new ModelUnfitError(`"${brandId.slice(0, 100)}" is no account id`);
  if (name.length > MAX_MODEL || !MODEL.test(name)) {
    const shown = name.slice(0, MAX_MODEL);
    throw new ModelUnfitError(`"${shown}" cannot be a model: lower case letters, digits, and dashes between them`);
  }
}

import type { ModelService } from '../../modules/model-service/index.js';
import { environmentVariable } from '../../platform/config/environment.js';
import { UsageError } from '../cli.errors.js';

const BRAND_VARIABLE = 'BRAND_ACCOUNT_ID';

export const BRAND_HELP = `the brand's account id (or ${BRAND_VARIABLE}; the only one of this store by itself)`;

export interface BrandOption {
  readonly brand?: string;
}

/** The brand that was named, or null. */
export function namedBrand({ brand }: BrandOption): string | null {
  return brand ?? environmentVariable(BRAND_VARIABLE);
}

/** The brand that was named, else the only one that there is. @throws UsageError */
export async function brandOf(option: BrandOption, models: ModelService): Promise<string> {
  const named = namedBrand(option);
  if (named !== null) return named;
  const [brand, ...others] = await models.brands();
  if (brand !== undefined && others.length === 0) return brand;
  const why = brand === undefined ? 'this store knows none yet' : `this store knows ${[brand, ...others].join(', ')}`;
  throw new UsageError(`say for which brand: ${why}`, `--brand ACCOUNT, or ${BRAND_VARIABLE} in the environment`);
}

import type { INestApplicationContext } from '@nestjs/common';

import type { Check } from './doctor.js';

const NAME = 'deltas';

/** Whether what is to make deltas can. */
export async function checkDeltas(store: INestApplicationContext): Promise<Check> {
  const [{ deltaRules, Xdelta3, XDELTA3_PLACES }, { Settings }] = await Promise.all([
    import('../../modules/catalog/index.js'),
    import('../../platform/config/settings.js'),
  ]);
  const { isOn } = deltaRules(store.get(Settings));
  if (!isOn) return { name: NAME, state: 'ok', message: 'off' };
  const program = await store.get(Xdelta3).find();
  if (program !== null) return { name: NAME, state: 'ok', message: program };
  const places = XDELTA3_PLACES.join(', ');
  const message = `proxy.deltas.enabled is true, and there is no xdelta3 (${places}): install the package of that name`;
  return { name: NAME, state: 'warning', message };
}

import type { Settings } from '../../platform/config/settings.js';

export const DEVICE_POLICY_SETTING = 'proxy.device-auth.policy';

/** `open`: everybody is served, and who proves who he is gets more where something is kept for some. `required`: nobody else is. */
export type DevicePolicy = 'open' | 'required';

export function devicePolicy(settings: Settings): DevicePolicy {
  return settings.get(DEVICE_POLICY_SETTING) === 'required' ? 'required' : 'open';
}

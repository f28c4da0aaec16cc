export * from './devices.errors.js';
export { DeviceName } from './device-name.js';
export { DevicesModule } from './devices.module.js';
export { DeviceUpkeep } from './upkeep.js';
export type { Device as KnownDevice } from './known/device.entity.js';
export { DeviceService } from './known/device.service.js';
export { type RestrictedSnap, RestrictionService } from './admission/restriction.service.js';

export { ClientSetupModule } from './client-setup.module.js';
export { ClientSetupService } from './client-setup.service.js';
export { type DeviceKind, DEVICES } from './setup-script.js';

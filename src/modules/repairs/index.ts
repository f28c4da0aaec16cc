export { RepairsModule } from './repairs.module.js';

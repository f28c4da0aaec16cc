export { InventoryService, type TakenInventory } from './inventory/inventory.service.js';
export { SnapExportModule } from './snap-export.module.js';

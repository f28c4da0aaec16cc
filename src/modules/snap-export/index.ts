export { type ExportedBundle, ExportService } from './export/export.service.js';
export type { ExportPlan, PlannedExport } from './export/export-plan.js';
export type { ExportPacking, ExportRequest } from './export/export-request.js';
export { InventoryService, type TakenInventory } from './inventory/inventory.service.js';
export { SnapExportModule } from './snap-export.module.js';

export * from './inventory.js';
export * from './inventory.errors.js';
export { INVENTORY_LIMITS } from './inventory-limits.js';
export { looksLikeInventory, readInventory, type SignedInventory } from './read-inventory.js';
export { writeInventory } from './write-inventory.js';

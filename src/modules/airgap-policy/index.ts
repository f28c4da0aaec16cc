export * from './airgap-policy.errors.js';
export { AirgapPolicyModule } from './airgap-policy.module.js';
export { closedNetwork } from './fence/closed-network.js';
export { fenceOf, fenceText, NO_FENCE } from './fence/fence.js';
export { AirgapMode } from './mode/airgap-mode.js';
export { AirgapSwitch, type Enabled, type EnableOptions } from './mode/airgap-switch.js';
export { type MissingPart, NO_DATABASE, ReadinessCheck } from './mode/readiness-check.js';
export { ImportRules } from './rules/import-rules.js';
export { parsePolicy, type PolicyDocument } from './rules/policy-document.js';

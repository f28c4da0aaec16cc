import type { Migrations } from '../data-source.js';
import { FirstLight1795396000000 } from './1795396000000-first-light.js';
import { Keys1795410000000 } from './1795410000000-keys.js';
import { Https1795420000000 } from './1795420000000-https.js';
import { Registration1795430000000 } from './1795430000000-registration.js';
import { Authority1795440000000 } from './1795440000000-authority.js';
import { AirgapPolicy1795450000000 } from './1795450000000-airgap-policy.js';
import { Components1795500000000 } from './1795500000000-components.js';
import { ImportReports1795510000000 } from './1795510000000-import-reports.js';
import { Search1795610000000 } from './1795610000000-search.js';
import { Devices1795620000000 } from './1795620000000-devices.js';
import { ModelService1795630000000 } from './1795630000000-model-service.js';
import { Deltas1795640000000 } from './1795640000000-deltas.js';
import { Cohorts1795650000000 } from './1795650000000-cohorts.js';

/** In the order in which they run. A migration that has been released is never changed. */
export const MIGRATIONS = [
  FirstLight1795396000000,
  Keys1795410000000,
  Https1795420000000,
  Registration1795430000000,
  Authority1795440000000,
  AirgapPolicy1795450000000,
  Components1795500000000,
  ImportReports1795510000000,
  Search1795610000000,
  Devices1795620000000,
  ModelService1795630000000,
  Deltas1795640000000,
  Cohorts1795650000000,
] satisfies Migrations;

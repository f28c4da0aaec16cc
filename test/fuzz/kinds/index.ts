import { devices, nonces, requestIds, sessions } from './device-auth.js';
import type { Kind } from './kind.js';
import { assertions, catalogue, credentials, downloads, find, info, repairs, unknown } from './questions.js';
import { cohorts, fetchAssertions, messages, refresh } from './refresh.js';

export const KINDS: readonly Kind[] = [
  refresh,
  fetchAssertions,
  cohorts,
  messages,
  nonces,
  sessions,
  requestIds,
  devices,
  info,
  find,
  catalogue,
  assertions,
  repairs,
  downloads,
  credentials,
  unknown,
];

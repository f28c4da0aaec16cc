import { userInfo } from 'node:os';

import { environmentVariable } from '../platform/config/environment.js';

/** Who types: the user of the operating system, and behind sudo the one who became it. To be asked before becoming another. */
export function whoTypes(): string {
  const name = userName();
  const before = environmentVariable('SUDO_USER');
  return before === null || before === name ? name : `${name} (by sudo from ${before.slice(0, 100)})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

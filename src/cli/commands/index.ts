import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { addAssertions } from './assertions.js';
import { addBundle } from './bundle.js';
import { addCompletion } from './completion.js';
import { addConfig } from './config.js';
import { addGc } from './gc.js';
import { addMigrateDatabase } from './migrate-database.js';
import { addPushSnap } from './push-snap.js';
import { addServe } from './serve.js';

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly ((parent: Command, commandLine: CommandLine) => void)[] = [
  addServe,
  addPushSnap,
  addGc,
  addAssertions,
  addBundle,
  addConfig,
  addMigrateDatabase,
  addCompletion,
];

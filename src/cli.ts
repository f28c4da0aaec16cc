#!/usr/bin/env node
// First of all: what is loaded after it cannot get around the guard.
import './platform/egress/install.js';
import './platform/process/runtime.js';

import { processIo } from './cli/io.js';
import { runCommandLine } from './cli/main.js';

const io = processIo();
const exitCode = await runCommandLine(process.argv.slice(2), io);
// A slow reader of a pipe gets all of it before the process ends.
await Promise.all([io.stdout.flush(), io.stderr.flush()]);
process.exit(exitCode);

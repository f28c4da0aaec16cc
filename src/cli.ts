#!/usr/bin/env node
import { runCommandLine } from './cli/main.js';
import { processIo } from './cli/io.js';

process.exit(await runCommandLine(process.argv.slice(2), processIo()));

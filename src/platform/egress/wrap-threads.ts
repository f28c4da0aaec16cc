import { pathToFileURL } from 'node:url';
import workerThreads, { BroadcastChannel } from 'node:worker_threads';

import type { Refusal } from './refusals.js';

const CHANNEL = 'snap-store-proxy egress';

/**
 * Has every thread load the guard before its own program, whether that is a file or text. Text gets it put in front, because
 * `--import` comes too late for it, and `--require` looks into the working folder, which may be closed to who the process has
 * become.
 * @param installer the module that installs the guard
 * @param tell is told of what a thread has refused, counted and written down
 */
export function wrapThreads(installer: string, tell: (refusal: Refusal) => void): void {
  const Original = workerThreads.Worker;
  let isListening = false;
  class GuardedWorker extends Original {
    constructor(filename: string | URL, options: workerThreads.WorkerOptions = {}) {
      if (options.eval === true) super(`${loading(installer)}\n${String(filename)}`, options);
      else {
        const guard = ['--import', pathToFileURL(installer).href];
        try {
          super(filename, { ...options, execArgv: [...(options.execArgv ?? process.execArgv), ...guard] });
        } catch (error) {
          // What a thread inherits silently, such as the size of the heap, it refuses when it is named.
          if (
            options.execArgv !== undefined ||
            (error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV'
          )
            throw error;
          super(filename, { ...options, execArgv: guard });
        }
      }
      if (!isListening) hear(tell);
      isListening = true;
    }
  }
  Object.defineProperty(GuardedWorker, 'name', { value: 'Worker' });
  workerThreads.Worker = GuardedWorker;
}

/** Runs in CommonJS and in modules. */
function loading(installer: string): string {
  const path = JSON.stringify(installer);
  return `process.getBuiltinModule('node:module').createRequire(${path})(${path});`;
}

/** In a thread: tells the main one. */
export function tellMain(refusal: Refusal): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(refusal);
  channel.close();
}

function hear(tell: (refusal: Refusal) => void): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event: unknown) => {
    tell((event as { data: Refusal }).data);
  };
  channel.unref();
}

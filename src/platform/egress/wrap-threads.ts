import workerThreads, { BroadcastChannel } from 'node:worker_threads';

import type { Refusal } from './refusals.js';

const CHANNEL = 'snap-store-proxy egress';

/**
 * Has every thread load the guard before its own program, whether that is a file or text. `--require` does this for both;
 * `--import` comes too late for text.
 * @param installer the module that installs the guard
 * @param tell is told of what a thread has refused, counted and written down
 */
export function wrapThreads(installer: string, tell: (refusal: Refusal) => void): void {
  const Original = workerThreads.Worker;
  let isListening = false;
  class GuardedWorker extends Original {
    constructor(filename: string | URL, options: workerThreads.WorkerOptions = {}) {
      const given = options.execArgv ?? process.execArgv;
      super(filename, { ...options, execArgv: [...given, '--require', installer] });
      if (!isListening) hear(tell);
      isListening = true;
    }
  }
  Object.defineProperty(GuardedWorker, 'name', { value: 'Worker' });
  workerThreads.Worker = GuardedWorker;
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

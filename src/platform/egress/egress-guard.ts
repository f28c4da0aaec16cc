import { isIP } from 'node:net';

import { callerOf } from './caller.js';
import { AllowedDestinations, type Destination } from './destinations.js';
import { EgressRefusedError } from './egress-refused.error.js';
import { mayStart, type OwnProcess } from './programs.js';
import type { Refusal } from './refusals.js';

const ARMED = 0;
const REFUSED = 1;

/** Shared with every thread of the process: whether the guard is armed, and how often it has refused. */
export type SharedState = Int32Array<SharedArrayBuffer>;

export function newSharedState(): SharedState {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

const WORDS: Record<Refusal['kind'], string> = {
  connection: 'a connection to',
  datagram: 'a datagram to',
  lookup: 'asking for',
  request: 'a request to',
  program: 'starting',
  binding: 'the binding',
};

/**
 * Decides what leaves the process while the store is in air-gapped mode; disarmed it lets everything pass. It only decides:
 * `wrap-….ts` ask it.
 */
export class EgressGuard {
  private readonly allowed = new AllowedDestinations();
  private readonly listeners = new Set<(refusal: Refusal) => void>();

  constructor(
    private readonly own: OwnProcess,
    private readonly state: SharedState = newSharedState(),
  ) {}

  get isArmed(): boolean {
    return Atomics.load(this.state, ARMED) === 1;
  }

  /** Of all threads, since the process started. */
  get refusedCount(): number {
    return Atomics.load(this.state, REFUSED);
  }

  /** Takes effect at once, in all threads. */
  arm(): void {
    Atomics.store(this.state, ARMED, 1);
  }

  disarm(): void {
    Atomics.store(this.state, ARMED, 0);
  }

  /** @param purpose what they are for, such as `database`; takes back what was permitted for it before */
  permit(purpose: string, destinations: readonly Destination[]): void {
    this.allowed.permit(purpose, destinations);
  }

  /** Told of everything that is refused; must not throw. */
  onRefusal(listener: (refusal: Refusal) => void): void {
    this.listeners.add(listener);
  }

  /** @returns null where it may go on, else the error to fail with */
  connection(
    host: string,
    port: number | null,
    kind: 'connection' | 'datagram' | 'request' = 'connection',
  ): EgressRefusedError | null {
    if (!this.isArmed || this.allowed.permits(host, port)) return null;
    return this.refuse(kind, port === null ? host : `${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  }

  lookup(name: string): EgressRefusedError | null {
    return !this.isArmed || this.allowed.permitsName(name) ? null : this.refuse('lookup', name);
  }

  /** What the resolver said of a name that may be looked up. */
  resolved(name: string, addresses: readonly string[]): void {
    if (this.isArmed) this.allowed.learn(name, addresses);
  }

  /** @param args without the program's own name */
  program(file: string, args: readonly string[]): EgressRefusedError | null {
    return !this.isArmed || mayStart(file, args, this.own) ? null : this.refuse('program', file);
  }

  /** What is never of use inside a closed network. */
  never(kind: Refusal['kind'], what: string): EgressRefusedError | null {
    return this.isArmed ? this.refuse(kind, what) : null;
  }

  private refuse(kind: Refusal['kind'], destination: string): EgressRefusedError {
    Atomics.add(this.state, REFUSED, 1);
    const shown = destination.slice(0, 300);
    const refusal = { at: new Date(), kind, destination: shown, caller: callerOf() };
    for (const listener of this.listeners) listener(refusal);
    return new EgressRefusedError(WORDS[kind], shown);
  }
}

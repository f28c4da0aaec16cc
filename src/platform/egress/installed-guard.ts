import type { Destination } from './destinations.js';
import type { EgressGuard } from './egress-guard.js';
import { readModeFile } from './mode-file.js';
import { RefusalLog, type Refusal } from './refusals.js';

/** The guard of this process, together with the data folder whose store it guards. */
export class InstalledGuard {
  private readonly listeners = new Set<(refusal: Refusal) => void>();
  private log: RefusalLog | null = null;
  private dataDir: string | null = null;

  constructor(
    private readonly guard: EgressGuard,
    private readonly announce: (dataDir: string) => void,
  ) {
    guard.onRefusal((refusal) => {
      this.log?.add(refusal);
      this.tell(refusal);
    });
  }

  get isArmed(): boolean {
    return this.guard.isArmed;
  }

  /** Guards the store in this folder from now on, as its mode file says. */
  use(dataDir: string): void {
    if (this.dataDir === dataDir) return;
    this.flush();
    this.dataDir = dataDir;
    this.log = new RefusalLog(dataDir);
    this.announce(dataDir);
    this.set(readModeFile(dataDir).isOn);
  }

  set(isOn: boolean): void {
    if (isOn) this.guard.arm();
    else this.guard.disarm();
  }

  permit(purpose: string, destinations: readonly Destination[]): void {
    this.guard.permit(purpose, destinations);
  }

  /** Told of what is refused from now on, in whichever thread. */
  onRefusal(listener: (refusal: Refusal) => void): void {
    this.listeners.add(listener);
  }

  /** Passes on what another thread has refused. */
  tell(refusal: Refusal): void {
    for (const listener of this.listeners) listener(refusal);
  }

  flush(): void {
    this.log?.flush();
  }
}

let installed: InstalledGuard | null = null;

/** Null where the program is not the store itself: embedded in a host application, or in a test. */
export function installedGuard(): InstalledGuard | null {
  return installed;
}

export function setInstalledGuard(guard: InstalledGuard): void {
  installed = guard;
}

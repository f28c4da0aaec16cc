import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { StoreError } from '../../kernel/store-error.js';
import { environmentVariable } from '../../platform/config/environment.js';
import type { Session } from '../session.js';
import { announce, type Announcement } from './announcement.js';
import { aborted, describe, serveUntil, type ServingOptions } from './serve-alone.js';
import { ClusterTeammates, passOn } from './team-metrics.js';

/** Set for the one worker that also watches the import folder and runs what is periodic. */
const BACKGROUND = 'SNAP_STORE_PROXY_BACKGROUND';
const REPLACE_AFTER_MS = 1_000;

export class WorkerFailedError extends StoreError {
  readonly code = 'worker-failed';
}

/** Serves in several processes that share the port, until the session's signal says stop. One that dies is replaced. */
export async function serveWithWorkers(
  session: Session,
  options: ServingOptions & { readonly workers: number },
): Promise<void> {
  if (cluster.isWorker) return work(session, options);
  await new WorkerTeam(session, options.workers).run();
  session.out.text('Stopped.');
}

/** A worker's part. When its primary is killed, Node.js ends it (node:cluster). */
async function work(session: Session, { port, host }: ServingOptions): Promise<void> {
  await session.becomeOwner();
  const own = { ...(port === undefined ? {} : { port }), ...(host === undefined ? {} : { host }) };
  const background = environmentVariable(BACKGROUND) !== null;
  await serveUntil(session, { ...own, background }, session.signal, async (server) => {
    server.metrics.join(new ClusterTeammates(server.metrics));
    process.send?.(await describe(session, server));
  });
}

class WorkerTeam {
  private readonly ready = new Set<Worker>();
  private readonly stopping = new AbortController();
  private failure: WorkerFailedError | null = null;
  private isAnnounced = false;

  constructor(
    private readonly session: Session,
    private readonly size: number,
  ) {}

  async run(): Promise<void> {
    const stop = AbortSignal.any([this.session.signal, this.stopping.signal]);
    const places = Array.from({ length: this.size }, (_, place) => this.keepFilled(place === 0, stop));
    await aborted(stop);
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    await Promise.all(places);
    if (this.failure !== null) throw this.failure;
  }

  /** One place in the team: its worker, and the next one when that dies. */
  private async keepFilled(isBackground: boolean, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const worker = cluster.fork(isBackground ? { [BACKGROUND]: '1' } : {});
      worker.on('message', (message: unknown) => {
        if (!passOn(message, worker, this.ready)) this.joined(worker, message as Announcement);
      });
      const [exitCode] = (await once(worker, 'exit')) as [number | null];
      if (isAborted(stop)) return;
      if (!this.ready.delete(worker)) {
        // It has said itself what is wrong; another one would say the same.
        this.failure ??= new WorkerFailedError(`a worker did not start (exit code ${exitCode ?? 'none'})`);
        this.stopping.abort();
        return;
      }
      this.session.out.note(`worker ${worker.process.pid ?? 0} has died; another one takes its place`);
      await sleep(REPLACE_AFTER_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  private joined(worker: Worker, announcement: Announcement): void {
    this.ready.add(worker);
    if (this.ready.size < this.size || this.isAnnounced) return;
    this.isAnnounced = true;
    announce(this.session.out, announcement);
  }
}

/** Asked again after waiting. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

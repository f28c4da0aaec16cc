import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

import { messageOf } from '../../kernel/store-error.js';
import { RequestTally } from '../../platform/http/request-tally.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { type StoreFacts, StoreFactsReader } from './store-facts.js';

/** A metric with its values, as several processes of one store exchange them. */
export type CollectedMetric = MetricObjectWithValues<MetricValue<string>>;

/**
 * What this process tells Prometheus. It has a registry of its own: the one that prom-client shares among all code of a process
 * would be a host's. Facts of the whole store are the same whoever is asked (`first`); what a process has done is added up.
 */
@Injectable()
export class StoreMetrics implements OnApplicationShutdown {
  private readonly registry = new Registry();
  private readonly log: Logger;

  constructor(
    private readonly tally: RequestTally,
    private readonly facts: StoreFactsReader,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('metrics');
    collectDefaultMetrics({ register: this.registry });
    this.addAnswers();
    this.addFacts();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async collect(): Promise<readonly CollectedMetric[]> {
    return await this.registry.getMetricsAsJSON();
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  onApplicationShutdown(): void {
    this.registry.clear();
  }

  private addAnswers(): void {
    const { tally, registry } = this;
    const registers = [registry];
    new Counter({
      name: 'snap_store_requests_total',
      help: 'Requests of devices that were answered, by route and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
      collect() {
        this.reset();
        for (const { method, path, status, count } of tally.answers())
          this.inc({ method, route: `/${path}`, status: String(status) }, count);
      },
    });
    new Counter({
      name: 'snap_store_sent_file_bytes_total',
      help: 'Bytes of snaps, components, deltas and pictures that were sent.',
      registers,
      collect() {
        this.reset();
        this.inc(tally.streamedBytes);
      },
    });
  }

  private addFacts(): void {
    this.addFact('snap_store_snaps', 'Snaps that the store holds.', ({ snaps }) => snaps);
    this.addFact('snap_store_revisions', 'Revisions of snaps that the store holds.', ({ revisions }) => revisions);
    this.addFact('snap_store_blobs', 'Files that the store holds.', ({ blobs }) => blobs.count);
    this.addFact('snap_store_blob_bytes', 'Bytes of all files that the store holds.', ({ blobs }) => blobs.sizeBytes);
    this.addFact('snap_store_air_gapped', 'Whether the store is in air-gapped mode.', (facts) =>
      Number(facts.isAirGapped),
    );
    this.addFact(
      'snap_store_policy_violations',
      'What processes of the store on this machine were kept from since air-gapped mode is on.',
      ({ policyViolations }) => policyViolations,
    );
    this.addFact(
      'snap_store_certificate_expiry_timestamp_seconds',
      'When the certificate for HTTPS expires; absent while HTTPS is off.',
      ({ certificateValidTo }) => (certificateValidTo === null ? null : certificateValidTo.getTime() / 1000),
    );
    this.addImports();
    this.addDatabase();
  }

  /** @param of null where there is nothing to tell */
  private addFact(name: string, help: string, of: (facts: StoreFacts) => number | null): void {
    const read = (): Promise<StoreFacts | null> => this.read();
    new Gauge({
      name,
      help,
      registers: [this.registry],
      aggregator: 'first',
      async collect() {
        const facts = await read();
        const value = facts === null ? null : of(facts);
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  }

  private addImports(): void {
    const read = (): Promise<StoreFacts | null> => this.read();
    new Gauge({
      name: 'snap_store_imports',
      help: 'Imports in the ledger, by what became of them.',
      labelNames: ['state'],
      registers: [this.registry],
      aggregator: 'first',
      async collect() {
        this.reset();
        const facts = await read();
        for (const [state, count] of Object.entries(facts?.imports ?? {})) this.set({ state }, count);
      },
    });
  }

  private addDatabase(): void {
    const read = (): Promise<StoreFacts | null> => this.read();
    new Gauge({
      name: 'snap_store_database_up',
      help: 'Whether the database answers.',
      registers: [this.registry],
      aggregator: 'min',
      async collect() {
        this.set((await read()) === null ? 0 : 1);
      },
    });
  }

  /** Null where the database does not answer: the rest of the metrics is wanted then more than ever. */
  private async read(): Promise<StoreFacts | null> {
    try {
      return await this.facts.read();
    } catch (error) {
      this.log.warn({ reason: messageOf(error) }, 'the metrics lack what the database knows');
      return null;
    }
  }
}

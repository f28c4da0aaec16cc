import type { INestApplicationContext } from '@nestjs/common';

import type { ConnectedSide } from '../connected-side.js';
import type { Settings } from '../platform/config/settings.js';
import type { LoggerFactory } from '../platform/logging/logger.js';
import type { CommandLineIo } from './io.js';
import type { Output } from './output.js';
import { Progress } from './progress.js';

export interface SessionOptions {
  /** Absolute. */
  readonly dataDir: string;
  readonly configFile: string | null;
  readonly output: Output;
  readonly io: CommandLineIo;
}

/** One run of one command: its output, its signal, its settings, and the store when it needs that. */
export class Session {
  readonly dataDir: string;
  readonly out: Output;
  readonly signal: AbortSignal;
  private configFile: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(private readonly options: SessionOptions) {
    this.dataDir = options.dataDir;
    this.out = options.output;
    this.signal = options.io.signal;
  }

  get io(): CommandLineIo {
    return this.options.io;
  }

  progress(what: string): Progress {
    const { io, output } = this.options;
    return new Progress(what, io.stderr, output.options, io.progressColumns);
  }

  /** The settings as far as they are known without a database. */
  async bootstrapSettings(): Promise<Settings> {
    const [{ loadBootstrapSettings }, configFile] = await Promise.all([
      import('../platform/config/load-settings.js'),
      this.readConfigFile(),
    ]);
    return loadBootstrapSettings({ dataDir: this.dataDir, configFile, flags: new Map() });
  }

  /** Whether `becomeOwner` will make another user of this process: then input that only root may read is opened before. */
  async willChangeUser(): Promise<boolean> {
    const { ownerToBecome } = await import('./owner.js');
    return (await ownerToBecome(this.dataDir)) !== null;
  }

  /** As root on somebody else's data folder: becomes that user for good. What only root may read must be open by now. */
  async becomeOwner(): Promise<void> {
    await this.readConfigFile();
    const { becomeOwnerOf } = await import('./owner.js');
    await becomeOwnerOf(this.dataDir);
  }

  /** @param level what is logged unless the environment says otherwise; a command's own words are its output */
  async loggers(level = 'silent'): Promise<LoggerFactory> {
    const [{ LoggerFactory }, { environmentVariable }] = await Promise.all([
      import('../platform/logging/logger.js'),
      import('../platform/config/environment.js'),
    ]);
    return LoggerFactory.toStandardError(environmentVariable('SNAP_STORE_PROXY_LOG') ?? level);
  }

  /**
   * Opens the store, works with it, and closes it again, whatever happens. The framework is loaded only here: commands that
   * do not need the store answer at once.
   */
  async withStore<T>(work: (store: INestApplicationContext) => Promise<T>): Promise<T> {
    const { openContext } = await import('../application.js');
    await this.becomeOwner();
    const store = await openContext({
      dataDir: this.dataDir,
      settings: await this.bootstrapSettings(),
      loggers: await this.loggers(),
    });
    try {
      this.signal.throwIfAborted();
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** As `withStore`, for what runs on the connected side: it needs so little of the store that the framework is not loaded. */
  async withConnectedSide<T>(work: (side: ConnectedSide) => Promise<T>): Promise<T> {
    const { openConnectedSide } = await import('../connected-side.js');
    await this.becomeOwner();
    const side = await openConnectedSide({
      dataDir: this.dataDir,
      settings: await this.bootstrapSettings(),
      loggers: await this.loggers(),
    });
    try {
      this.signal.throwIfAborted();
      return await work(side);
    } finally {
      await side.close();
    }
  }

  private readConfigFile(): Promise<ReadonlyMap<string, string> | null> {
    const { configFile } = this.options;
    if (configFile === null) return Promise.resolve(null);
    this.configFile ??= import('../platform/config/settings-file.js').then(({ SettingsFile }) =>
      new SettingsFile(configFile).readNamed(),
    );
    return this.configFile;
  }
}

import { Agent, type Dispatcher, ProxyAgent } from 'undici';

import { trustedCertificates } from './trusted-certificates.js';

export interface ConnectionOptions {
  /** `http://user:password@host:port`; null where there is none. Loopback is never asked through it. */
  readonly proxy: string | null;
  /** Whether a connection is used for more than one request. Without it nothing keeps the process alive, and a stale one is never met. */
  readonly areReused: boolean;
  readonly connectMs: number;
  /** Until an answer begins, and between any two pieces of it. */
  readonly silenceMs: number;
}

/** Opens connections outwards, with the certificates that are trusted on this machine. */
export class Connections {
  private direct: Agent | null = null;
  private proxied: ProxyAgent | null = null;

  constructor(private readonly options: ConnectionOptions) {}

  to(isLocal: boolean): Dispatcher {
    const { proxy } = this.options;
    return isLocal || proxy === null ? this.directly() : this.through(proxy);
  }

  async close(): Promise<void> {
    await Promise.all([this.direct?.destroy(), this.proxied?.destroy()]);
  }

  private directly(): Agent {
    this.direct ??= new Agent({ connect: this.tls(), ...this.common() });
    return this.direct;
  }

  private through(proxy: string): ProxyAgent {
    this.proxied ??= new ProxyAgent({ uri: proxy, requestTls: this.tls(), proxyTls: this.tls(), ...this.common() });
    return this.proxied;
  }

  private tls() {
    return { ca: trustedCertificates(), timeout: this.options.connectMs };
  }

  private common() {
    const { silenceMs, areReused } = this.options;
    return { headersTimeout: silenceMs, bodyTimeout: silenceMs, pipelining: areReused ? 1 : 0 };
  }
}

import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type SecureContextOptions, type Server } from 'node:tls';

import { messageOf } from '../../kernel/store-error.js';
import { CannotListenError, PortInUseError } from './http.errors.js';

/** Both PEM: the chain with the server's own certificate first, and its key. */
export interface ServerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface PortAddress {
  readonly host: string;
  readonly port: number;
}

export interface SecurePortLimits {
  /** Milliseconds for a handshake from its first byte to its end. */
  readonly handshakeMs: number;
  readonly connections: number;
}

/**
 * The port for HTTPS. It ends TLS, and hands what is inside to the server that answers HTTP: one set of routes and limits
 * against slow clients for both. While there is no certificate it is closed; another one is taken up between two handshakes.
 */
export class SecurePort {
  private server: Server | null = null;
  private address: PortAddress | null = null;
  private isClosed = false;

  constructor(
    private readonly http: HttpServer,
    private readonly where: PortAddress,
    private readonly limits: SecurePortLimits,
    /** Told when the port has been opened or closed. */
    private readonly onMove: (address: PortAddress | null) => Promise<void> | void = () => undefined,
  ) {}

  /** Where it listens; null while it is closed. */
  get listening(): PortAddress | null {
    return this.address;
  }

  /**
   * Opens the port with a certificate, changes it, or (null) closes the port; connections that are open go on.
   * @throws PortInUseError, CannotListenError, and what OpenSSL has against the certificate: then all is as it was
   */
  async use(certificate: ServerCertificate | null): Promise<void> {
    if (this.isClosed) return;
    if (certificate === null) {
      await this.shut();
      return;
    }
    const options = contextOptions(certificate);
    if (this.server !== null) {
      this.server.setSecureContext(options);
      return;
    }
    await this.open(options);
  }

  /** For good, and told to nobody. Answers that are being given are the HTTP server's to end. */
  close(): void {
    this.isClosed = true;
    this.server?.close();
    this.server = null;
    this.address = null;
  }

  private async open(options: SecureContextOptions): Promise<void> {
    const { host, port } = this.where;
    const server = createServer({
      ...options,
      // Whoever offers HTTP/2 as well is told that this is HTTP/1.1; snapd offers nothing and gets the same.
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: this.limits.handshakeMs,
      noDelay: true,
    });
    server.maxConnections = this.limits.connections;
    server.on('secureConnection', (socket) => this.http.emit('connection', socket));
    server.on('tlsClientError', (_error, socket) => {
      socket.destroy();
    });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUseError(host, port);
      throw new CannotListenError(`cannot listen on ${host} port ${port}: ${messageOf(error)}`, { host, port });
    }
    const bound = server.address() as AddressInfo;
    this.server = server;
    this.address = { host: bound.address, port: bound.port };
    await this.onMove(this.address);
  }

  private async shut(): Promise<void> {
    if (this.server === null) return;
    // Not waited for: that would be for the connections to end too.
    this.server.close();
    this.server = null;
    this.address = null;
    await this.onMove(null);
  }
}

function contextOptions({ certPem, keyPem }: ServerCertificate): SecureContextOptions {
  return { cert: certPem, key: keyPem, minVersion: 'TLSv1.2' };
}

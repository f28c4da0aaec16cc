import { get } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const PATIENCE_MS = 3_000;

/** How a store's process on this machine answers its health check: null when well, else what is wrong. */
export function probeServer({ host, port }: { readonly host: string; readonly port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(
      { host: localAddress(host), port, path: '/_status/check', timeout: PATIENCE_MS, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200 ? null : `answers with ${response.statusCode ?? 'nothing'}`);
      },
    );
    request.once('timeout', () => {
      request.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} seconds`));
    });
    request.once('error', (error) => {
      resolve(error.message);
    });
  });
}

export interface TlsProbe {
  /** Null when a handshake was made. */
  readonly problem: string | null;
  readonly fingerprint256: string | null;
}

/** Which certificate a store's process on this machine shows; whether it is to be trusted is not asked. */
export function probeTls({ host, port }: { readonly host: string; readonly port: number }): Promise<TlsProbe> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: localAddress(host), port, rejectUnauthorized: false, timeout: PATIENCE_MS });
    const end = (problem: string | null): void => {
      const { fingerprint256 = null } = problem === null ? socket.getPeerCertificate() : {};
      socket.destroy();
      resolve({ problem, fingerprint256 });
    };
    socket.once('secureConnect', () => {
      end(null);
    });
    socket.once('timeout', () => {
      end(`no answer within ${PATIENCE_MS / 1000} seconds`);
    });
    socket.once('error', (error: Error) => {
      end(error.message);
    });
  });
}

/** Whether something listens there. */
export function isTaken({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: localAddress(host), port, timeout: PATIENCE_MS });
    const end = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('timeout', () => {
      end(false);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

/** An address to reach a listener at: "all addresses" is none. */
export function localAddress(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === '::' || bare === '0.0.0.0' || bare === '' ? '127.0.0.1' : bare;
}

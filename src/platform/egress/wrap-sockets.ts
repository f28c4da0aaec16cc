import dgram from 'node:dgram';
import net, { isIP } from 'node:net';

import type { EgressGuard } from './egress-guard.js';
import { wrap } from './wrap.js';

/**
 * TCP, and with it everything that is built on it: tls, http, https, http2, fetch, WebSocket (all of Node.js's own clients
 * end in Socket.connect), and UDP.
 */
export function wrapSockets(guard: EgressGuard): void {
  wrap(
    net.Socket.prototype,
    'connect',
    (original) =>
      function connect(this: unknown, ...args: unknown[]) {
        const target = guard.isArmed ? targetOf(args) : null;
        if (target === null) return Reflect.apply(original, this, args);
        const error = guard.connection(target.host, target.port);
        if (error !== null) return failSocket(this as net.Socket, error);
        return Reflect.apply(original, this, withOwnLookup(args));
      },
  );
  const { prototype } = dgram.Socket;
  wrap(
    prototype,
    'connect',
    (original) =>
      function connect(this: unknown, ...args: unknown[]) {
        const error = datagramError(guard, args[1], args[0]);
        return error === null ? Reflect.apply(original, this, args) : failDatagram(this as dgram.Socket, args, error);
      },
  );
  wrap(
    prototype,
    'send',
    (original) =>
      function send(this: unknown, ...args: unknown[]) {
        const socket = this as dgram.Socket;
        const [address, port] = guard.isArmed ? (remoteOf(socket) ?? recipientOf(args)) : [];
        const error = datagramError(guard, address, port);
        return error === null ? Reflect.apply(original, this, args) : failDatagram(socket, args, error);
      },
  );
  // Joining a group is announced to the network.
  for (const name of ['addMembership', 'addSourceSpecificMembership']) {
    wrap(
      prototype,
      name,
      (original) =>
        function join(this: unknown, ...args: unknown[]) {
          const error = guard.never('datagram', `the group ${String(args[0])}`);
          if (error !== null) throw error;
          return Reflect.apply(original, this, args);
        },
    );
  }
}

/** Where Socket.connect is asked to go, read as Node.js reads it (lib/net.js, normalizeArgs); null for a path of this machine. */
function targetOf(args: readonly unknown[]): { readonly host: string; readonly port: number } | null {
  const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    const { path, host, port } = first as { path?: string; host?: string; port?: string | number };
    if (path) return null;
    return { host: (host ?? '') === '' ? 'localhost' : String(host), port: Number(port) };
  }
  if (typeof first === 'string' && !(Number(first) >= 0)) return null;
  return { host: typeof args[1] === 'string' && args[1] !== '' ? args[1] : 'localhost', port: Number(first) };
}

/** A resolver of the caller's own could send a permitted name anywhere. */
function withOwnLookup(args: unknown[]): unknown[] {
  const list: unknown[] = Array.isArray(args[0]) ? args[0] : args;
  const options = list[0] as { lookup?: unknown } | string | number;
  // A list that Node.js has normalized carries a mark of its own, so it is changed in place.
  if (typeof options === 'object' && options.lookup !== undefined) list[0] = { ...options, lookup: undefined };
  return args;
}

/** Fails as a connection does that nobody answers: later, and to whoever listens for it. */
function failSocket(socket: net.Socket, error: Error): net.Socket {
  const state: { connecting: boolean } = socket;
  state.connecting = true;
  // http has its listeners there only after a few ticks.
  setImmediate(() => {
    state.connecting = false;
    socket.destroy(socket.listenerCount('error') > 0 ? error : undefined);
  });
  return socket;
}

/** A connected socket's other end. */
function remoteOf(socket: dgram.Socket): [string, number] | null {
  try {
    const { address, port } = socket.remoteAddress();
    return [address, port];
  } catch {
    return null;
  }
}

/** `send(message[, offset, length], port[, address][, callback])` (lib/dgram.js). */
function recipientOf(args: readonly unknown[]): [unknown, unknown] {
  const isLong = Boolean(args[4]) || (Boolean(args[3]) && typeof args[3] !== 'function');
  return isLong ? [args[4], args[3]] : [args[2], args[1]];
}

/** Without an address a datagram goes to this machine. */
function datagramError(guard: EgressGuard, address: unknown, port: unknown): Error | null {
  if (typeof address !== 'string' || address === '') return null;
  return guard.connection(address, isIP(address) === 0 && port === undefined ? null : Number(port), 'datagram');
}

function failDatagram(socket: dgram.Socket, args: readonly unknown[], error: Error): unknown {
  const callback = args.at(-1);
  process.nextTick(() => {
    if (typeof callback === 'function') (callback as (error: Error) => void)(error);
    else if (socket.listenerCount('error') > 0) socket.emit('error', error);
  });
  return undefined;
}

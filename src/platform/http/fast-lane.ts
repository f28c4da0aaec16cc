import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAdapterHost } from '@nestjs/core';

import type { DeviceRoute } from './device-route.js';
import type { Responder } from './responder.js';

/**
 * Answers the routes that devices ask for most before the framework sees them: a look into a table instead of a router, a
 * middleware chain and a controller.
 */
export class FastLane {
  private readonly exact = new Map<string, DeviceRoute>();
  private readonly below: { readonly start: string; readonly route: DeviceRoute }[] = [];
  private responder: Responder | null = null;

  open(routes: readonly DeviceRoute[], responder: Responder): void {
    this.responder = responder;
    for (const route of routes) {
      if (route.path.endsWith('/')) this.below.push({ start: `/${route.path}`, route });
      else this.exact.set(`${route.method} /${route.path}`, route);
    }
  }

  /** @returns false where the request is not for the lane; nothing of it was touched then */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method } = request;
    if (this.responder === null) return false;
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = this.find(wanted ?? '', path);
    if (found === null) return false;
    const query = mark === -1 ? '' : url.slice(mark + 1);
    void this.responder.respond(request, response, { route: found.route, rest: found.rest, mount: '', query });
    return true;
  }

  private find(method: string, path: string): { route: DeviceRoute; rest: string } | null {
    for (const { start, route } of this.below) {
      if (route.method === method && path.length > start.length && path.startsWith(start))
        return { route, rest: path.slice(start.length) };
    }
    const route = this.exact.get(`${method} ${path}`);
    return route === undefined ? null : { route, rest: '' };
  }
}

/**
 * The lane of an application whose adapter has one (FastLaneAdapter); null in hosts with an adapter of their own, and for a command,
 * which serves nothing and so need not load Express to find that out.
 */
export function fastLaneOf(host: Partial<HttpAdapterHost>): FastLane | null {
  const adapter = host.httpAdapter as { readonly lane?: unknown } | undefined;
  return adapter?.lane instanceof FastLane ? adapter.lane : null;
}

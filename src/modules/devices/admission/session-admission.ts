import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { Clock } from '../../../kernel/clock.js';
import { Settings } from '../../../platform/config/settings.js';
import { SettingsService } from '../../../platform/config/settings.service.js';
import type { DeviceRequest } from '../../../platform/http/device-route.js';
import { DeviceAdmission, type DeviceView, WHOLE_CATALOG } from '../../catalog/index.js';
import { type DevicePolicy, devicePolicy } from '../device-policy.js';
import { SessionNeededError } from '../devices.errors.js';
import { LastSeen } from '../known/last-seen.js';
import { type SessionKeys, SessionKeySource } from '../sessions/session-keys.js';
import { type DeviceSession, readSessionToken } from '../sessions/session-token.js';
import { AdmissionRules, type Rules } from './admission-rules.js';

/** snapd sends it under the one name with some requests, under the other with others (store/store.go, newRequest). */
const HEADER = /^Macaroon root="([^"]{1,8192})"$/;
const MAX_REMEMBERED_SESSIONS = 20_000;
/** What `snap debug connectivity` asks for (snapd: store/store.go, snapConnCheck): of whoever has no session too. */
const CONNECTIVITY_SNAPS = new Set(['core', 'snapd']);

interface RememberedSession extends DeviceSession {
  /** The view by these rules, so that it is made once. */
  view: { readonly by: Rules; readonly view: DeviceView } | null;
}

/** Admits devices by the sessions that they have. */
@Injectable()
export class SessionAdmission extends DeviceAdmission implements OnModuleInit {
  private readonly sessions = new LRUCache<string, RememberedSession>({ max: MAX_REMEMBERED_SESSIONS });
  private policy: DevicePolicy = 'open';

  constructor(
    private readonly rules: AdmissionRules,
    private readonly keys: SessionKeySource,
    private readonly lastSeen: LastSeen,
    private readonly settings: Settings,
    private readonly settingsService: SettingsService,
    private readonly clock: Clock,
  ) {
    super();
  }

  onModuleInit(): void {
    this.readSettings();
    this.settingsService.onChange(() => {
      this.readSettings();
    });
  }

  viewOf(request: DeviceRequest): DeviceView | Promise<DeviceView> {
    const rules = this.rules.current();
    if (rules instanceof Promise) return rules.then((found) => this.admit(request, found));
    return this.admit(request, rules);
  }

  publicView(): DeviceView | Promise<DeviceView> {
    const rules = this.rules.current();
    return rules instanceof Promise ? rules.then(viewOfStrangers) : viewOfStrangers(rules);
  }

  /** Without a turn of the event loop for a session that was seen before, as for everybody where there are no rules. */
  private admit(request: DeviceRequest, rules: Rules): DeviceView | Promise<DeviceView> {
    const header = request.header('snap-device-authorization') ?? request.header('x-device-authorization');
    if (header === null) return this.admitStranger(request, rules);
    const known = this.sessions.get(header);
    if (known !== undefined) return this.admitSession(known, request, rules);
    const keys = this.keys.current();
    if (keys instanceof Promise) return keys.then((found) => this.admitToken(header, request, rules, found));
    return this.admitToken(header, request, rules, keys);
  }

  private admitToken(header: string, request: DeviceRequest, rules: Rules, keys: SessionKeys): DeviceView {
    const token = HEADER.exec(header)?.[1];
    const session = token === undefined ? null : readSessionToken(token, keys.tokens, this.clock.now());
    if (session === null) return this.admitUnknown(request, rules);
    const remembered = { ...session, view: null };
    this.sessions.set(header, remembered);
    return this.admitSession(remembered, request, rules);
  }

  private admitSession(session: RememberedSession, request: DeviceRequest, rules: Rules): DeviceView {
    const now = this.clock.now();
    const { device } = session;
    if (session.expiresAt <= now || (device !== null && rules.revoked.has(device))) {
      return this.admitUnknown(request, rules);
    }
    if (device === null) return this.admitStranger(request, rules);
    this.lastSeen.note(device.name, now);
    if (session.view?.by !== rules) session.view = { by: rules, view: viewOfDevice(device.name, rules) };
    return session.view.view;
  }

  /** No session, or one that says nothing of the device. */
  private admitStranger(request: DeviceRequest, rules: Rules): DeviceView {
    if (this.policy === 'required' && !asksForConnectivity(request)) throw needed();
    return viewOfStrangers(rules);
  }

  /** A session of another store, one that is over, or one that was revoked: with a new one the device might see more, or less. */
  private admitUnknown(request: DeviceRequest, rules: Rules): DeviceView {
    if (this.policy === 'required' || !rules.restrictions.isEmpty || !rules.revoked.isEmpty) {
      if (!asksForConnectivity(request)) throw needed();
    }
    return viewOfStrangers(rules);
  }

  private readSettings(): void {
    this.policy = devicePolicy(this.settings);
    // They may have been signed with another secret.
    this.sessions.clear();
  }
}

function viewOfStrangers({ restrictions }: Rules): DeviceView {
  return restrictions.isEmpty ? WHOLE_CATALOG : restrictions.forStrangers;
}

function viewOfDevice(name: Parameters<Rules['restrictions']['viewOf']>[0], { restrictions }: Rules): DeviceView {
  return restrictions.isEmpty ? WHOLE_CATALOG : restrictions.viewOf(name);
}

/** Where a snap would come from, and whether it would; not the snap itself. */
function asksForConnectivity(request: DeviceRequest): boolean {
  return request.method === 'HEAD' || (CONNECTIVITY_SNAPS.has(request.rest) && isOnlyDownload(request));
}

function isOnlyDownload(request: DeviceRequest): boolean {
  return request.parameters().get('fields') === 'download';
}

function needed(): SessionNeededError {
  return new SessionNeededError('this store serves devices that have a session with it; ask for one and try again');
}

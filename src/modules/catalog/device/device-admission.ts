import type { DeviceRequest } from '../../../platform/http/device-route.js';

/** What of the catalog a device may see. What it may not see looks to it as if it were not held. */
export interface DeviceView {
  /** Whether this is everything; then nobody needs to ask snap by snap. */
  readonly isEverything: boolean;
  mayHave(snapId: string): boolean;
}

export const WHOLE_CATALOG: DeviceView = { isEverything: true, mayHave: () => true };

/**
 * Says who a device is and what it may have, from the session that its request carries. Declared here and implemented by the
 * room that knows devices; without one, the store is open.
 */
export abstract class DeviceAdmission {
  /**
   * Must cost nothing where the store is open and restricts no snap: it is asked with every request for snaps.
   * @throws an error that is answered with 401 where a session is required and this request has none that is valid
   */
  abstract viewOf(request: DeviceRequest): DeviceView | Promise<DeviceView>;

  /** For what snapd asks for without its session (names, sections): what everybody may know of. */
  abstract publicView(): DeviceView | Promise<DeviceView>;
}

export class OpenAdmission extends DeviceAdmission {
  viewOf(): DeviceView {
    return WHOLE_CATALOG;
  }

  publicView(): DeviceView {
    return WHOLE_CATALOG;
  }
}

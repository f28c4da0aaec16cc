import { Injectable } from '@nestjs/common';

import { AssertionRefusedError, type Verdict } from '../../../formats/assertion/index.js';
import { Clock } from '../../../kernel/clock.js';
import { Settings } from '../../../platform/config/settings.js';
import { AssertionService } from '../../assertions/index.js';
import { DeviceName } from '../device-name.js';
import { InvalidDeviceNameError, SessionRefusedError } from '../devices.errors.js';
import type { SessionRequest } from './session-request.js';
import type { ProvenDevice } from './session-token.js';

export const CLOCK_SKEW_SETTING = 'proxy.device-auth.clock-skew-minutes';

/** `why`: what keeps this store from telling whether the device is what it says, in a sentence for its operator. */
export type Proof =
  { readonly device: ProvenDevice; readonly authorityId: string } | { readonly device: null; readonly why: string };

/** Tells a device that is what it says from one that is not, and from one that cannot be told here. */
@Injectable()
export class SessionProof {
  constructor(
    private readonly assertions: AssertionService,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /**
   * Verifies serial and model up to a root by what is held, and the request by the device's key in the serial. Its nonce is not
   * looked at here.
   * @throws SessionRefusedError where something of it is forged, which no store would take
   */
  async of({ request, serial, model }: SessionRequest): Promise<Proof> {
    const verdicts = await this.assertions.verify([model, serial, request]);
    for (const { error } of verdicts) if (error !== null && isForged(error)) throw refusal(error);
    const [ofModel, ofSerial, ofRequest] = verdicts as [Verdict, Verdict, Verdict];
    const unknown = ofSerial.error ?? ofModel.error;
    if (unknown !== null) return { device: null, why: unknown.message };
    if (ofRequest.error !== null) throw refusal(ofRequest.error);
    const late = this.clockTrouble(new Date(request.text('timestamp')));
    if (late !== null) return { device: null, why: late };
    try {
      const name = DeviceName.of(serial.text('brand-id'), serial.text('model'), serial.text('serial'));
      return { device: { name, keyId: serial.text('device-key-sha3-384') }, authorityId: serial.authorityId };
    } catch (error) {
      if (error instanceof InvalidDeviceNameError) return { device: null, why: error.message };
      throw error;
    }
  }

  private clockTrouble(signedAt: Date): string | null {
    const minutes = Number(this.settings.get(CLOCK_SKEW_SETTING));
    const offMs = Math.abs(this.clock.now().getTime() - signedAt.getTime());
    if (offMs <= minutes * 60_000) return null;
    return `the session request was signed at ${signedAt.toISOString()} by the device's clock, which is more than ${minutes} minutes off`;
  }
}

function isForged({ reason }: AssertionRefusedError): boolean {
  return reason === 'signature-wrong' || reason === 'signature-malformed';
}

function refusal(error: AssertionRefusedError): SessionRefusedError {
  return new SessionRefusedError(error.message, {}, { cause: error });
}

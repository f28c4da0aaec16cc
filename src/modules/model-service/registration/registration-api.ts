import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { encodeAssertionStream } from '../../../formats/assertion/index.js';
import { messageOf } from '../../../kernel/store-error.js';
import { Queue } from '../../../kernel/queue.js';
import { WatchedCache } from '../../../platform/cache/watched-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import type { DeviceRequest, DeviceRoute } from '../../../platform/http/device-route.js';
import { describeError } from '../../../platform/http/error-answer.js';
import { fastLaneOf } from '../../../platform/http/fast-lane.js';
import { Responder } from '../../../platform/http/responder.js';
import { type Logger, LoggerFactory } from '../../../platform/logging/logger.js';
import {
  DeviceServiceElsewhereError,
  ModelNotServedError,
  TooManyRegistrationsError,
} from '../model-service.errors.js';
import { ModelRepository, MODELS_TOPIC } from '../models/model.repository.js';
import { RegistrarService } from './registrar.service.js';
import { readRegistrationRequest } from './registration-request.js';
import { RequestIds } from './request-ids.js';

/** Two assertions, or three, of which a model may be large. */
const BODY_BYTES = 512 * 1024;
const ASSERTION_TYPE = 'application/x.ubuntu.assertion';
/** snapd asks again every minute, without an end, where a status is higher (overlord/devicestate/handlers_serial.go). */
const HIGHEST_STATUS = 500;
/** Each costs signatures to verify and one to make. */
const AT_ONCE = 4;
const WAITING = 100;

/** Where a store's own service is, and below a URL that a gadget names as its `device-service.url`. */
const REQUEST_ID_PATHS = ['api/v1/snaps/auth/request-id', 'v1/request-id', 'request-id'] as const;
const SERIAL_PATHS = ['api/v1/snaps/auth/devices', 'v1/serial', 'serial'] as const;

/** The routes by which a device gets its serial; in the fast lane where the application has one. */
@Injectable()
export class RegistrationApi implements OnModuleInit {
  readonly routes: readonly DeviceRoute[];
  private readonly queue = new Queue(AT_ONCE, WAITING);
  private readonly log: Logger;
  private readonly known: WatchedCache<'some' | 'none'>;

  constructor(
    private readonly registrar: RegistrarService,
    private readonly requestIds: RequestIds,
    private readonly models: ModelRepository,
    changes: ChangeFeed,
    private readonly responder: Responder,
    private readonly host: HttpAdapterHost,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('model-service');
    this.known = new WatchedCache(changes, {
      maxBytes: 1024,
      maxEntries: 1,
      sizeOf: () => 1,
      isStaleAfter: ({ topic }) => topic === MODELS_TOPIC,
    });
    const requestId = (request: DeviceRequest): Promise<Answer> => this.answered(() => this.requestIdAnswer(request));
    const serial = (request: DeviceRequest): Promise<Answer> => this.answered(() => this.serialAnswer(request));
    this.routes = [
      ...REQUEST_ID_PATHS.map((path) => ({ method: 'POST', path, answer: requestId }) as const),
      ...SERIAL_PATHS.map((path) => ({ method: 'POST', path, answer: serial }) as const),
    ];
  }

  onModuleInit(): void {
    fastLaneOf(this.host)?.open(this.routes, this.responder);
  }

  private async requestIdAnswer(request: DeviceRequest): Promise<Answer> {
    await this.refuseElsewhere(request);
    return jsonAnswer(200, { 'request-id': await this.requestIds.issue() });
  }

  private async serialAnswer(request: DeviceRequest): Promise<Answer> {
    const body = await request.body(BODY_BYTES);
    await this.refuseElsewhere(request);
    const answer = await this.queue.run(async () => {
      const serial = await this.registrar.register(await readRegistrationRequest(body), request.header('api-key'));
      // snapd of before 2.34 takes nothing but the serial.
      const takesMore = request.header('snap-device-capabilities')?.includes('serial-stream') === true;
      return encodeAssertionStream(takesMore ? await this.registrar.withItsKeys(serial) : [serial]);
    });
    if (answer === null) throw new TooManyRegistrationsError();
    return { status: 200, headers: { 'content-type': ASSERTION_TYPE }, body: answer };
  }

  /** Before anything else is looked at: nobody registers here, or the device is to register with somebody else. */
  private async refuseElsewhere(request: DeviceRequest): Promise<void> {
    const service = request.header('x-snap-device-service-url');
    if (service !== null && !isAt(service, request.baseUrl)) {
      throw new DeviceServiceElsewhereError(
        `this store asks no other service on behalf of devices, and the gadget names ${service.slice(0, 200)}`,
      );
    }
    const known = await this.known.get('policies', async () => ((await this.models.hasPolicies()) ? 'some' : 'none'));
    if (known === 'none') throw new ModelNotServedError('this store registers no devices; snaps work without a serial');
  }

  /** A refusal that is final for now, in the words that `snap changes` shows. */
  private async answered(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      const { status, code, message } = describeError(error);
      if (status >= 500) this.log.error({ code, reason: messageOf(error) }, 'a device could not be given a serial');
      return jsonAnswer(Math.min(status, HIGHEST_STATUS), { message, 'error-list': [{ code, message }] });
    }
  }
}

function isAt(service: string, baseUrl: string): boolean {
  return URL.canParse(service) && new URL(service).origin === new URL(baseUrl).origin;
}

import { Injectable, Optional } from '@nestjs/common';

import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import type { DeviceRequest, DeviceRoute } from '../../../platform/http/device-route.js';
import { describeError } from '../../../platform/http/error-answer.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { acceptsDeltas } from '../deltas/delta-offer.js';
import { CatalogueService } from '../search/catalogue.service.js';
import { type SearchDialect, SearchService } from '../search/search.service.js';
import { ASSERTIONS_ROUTE } from './assertion-path.js';
import { AssertionsService } from './assertions.service.js';
import { COHORTS_BODY_BYTES, CohortsAnswerService } from './cohorts-answer.service.js';
import { DeviceAdmission, type DeviceView, OpenAdmission } from './device-admission.js';
import { MESSAGES_LIMITS, messagesAnswer } from './device-messages.js';
import { DOWNLOAD_ROUTE } from './download-path.js';
import { DownloadsService } from './downloads.service.js';
import type { FileWish } from './file-answer.js';
import { InfoService } from './info.service.js';
import { MEDIA_ROUTE } from './media-path.js';
import { MediaService } from './media.service.js';
import { parseRefreshRequest, REFRESH_LIMITS } from './refresh-request.js';
import { RefreshService } from './refresh.service.js';

const ARCHITECTURE = /^[a-z0-9_-]{1,32}$/;

/** What devices ask a store (snapd: package store), by path. */
@Injectable()
export class DeviceApi {
  readonly routes: readonly DeviceRoute[];
  private readonly admission: DeviceAdmission;

  constructor(
    private readonly info: InfoService,
    private readonly refresh: RefreshService,
    private readonly assertions: AssertionsService,
    private readonly downloads: DownloadsService,
    private readonly media: MediaService,
    private readonly catalogue: CatalogueService,
    private readonly cohorts: CohortsAnswerService,
    private readonly search: SearchService,
    @Optional() admission?: DeviceAdmission,
  ) {
    this.admission = admission ?? new OpenAdmission();
    this.routes = [
      { method: 'GET', path: ASSERTIONS_ROUTE, answer: ({ rest, query }) => this.assertions.answer(rest, query) },
      { method: 'GET', path: 'v2/snaps/info/', answer: (request) => this.infoAnswer(request) },
      { method: 'POST', path: 'v2/snaps/refresh', answer: (request) => this.refreshAnswer(request) },
      { method: 'POST', path: 'v2/cohorts', answer: (request) => this.cohortsAnswer(request) },
      {
        method: 'GET',
        path: DOWNLOAD_ROUTE,
        answer: (request) =>
          this.admitted(request, (view) => this.downloads.answer(request.rest, fileWish(request), view)),
      },
      { method: 'GET', path: MEDIA_ROUTE, answer: (request) => this.media.answer(request.rest, fileWish(request)) },
      {
        method: 'POST',
        path: 'v2/messages',
        answer: (request) => request.json(MESSAGES_LIMITS.bodyBytes).then(messagesAnswer),
      },
      { method: 'GET', path: 'api/v1/snaps/sections', answer: () => this.catalogue.sections() },
      { method: 'GET', path: 'api/v1/snaps/names', answer: (request) => this.namesAnswer(request) },
      { method: 'GET', path: 'v2/snaps/categories', answer: () => this.catalogue.categories() },
      { method: 'GET', path: 'api/v1/snaps/search', answer: (request) => this.searchAnswer(request, 'former') },
      { method: 'GET', path: 'v2/snaps/find', answer: (request) => this.searchAnswer(request, 'find') },
      { method: 'GET', path: '_status/check', answer: () => jsonAnswer(200, { status: 'ok' }) },
      { method: 'GET', path: '', answer: () => jsonAnswer(200, { store: 'snap-store-proxy' }) },
    ];
  }

  route(method: string, path: string): DeviceRoute | undefined {
    return this.routes.find((route) => route.method === method && route.path === path);
  }

  private infoAnswer(request: DeviceRequest): Answer | Promise<Answer> {
    return this.admitted(request, (view) =>
      this.info.answer(request.rest, request.query, architectureOf(request), request.baseUrl, view),
    );
  }

  private refreshAnswer(request: DeviceRequest): Promise<Answer> {
    return request.json(REFRESH_LIMITS.bodyBytes).then((body) => {
      const asked = parseRefreshRequest(body);
      const architecture = architectureOf(request);
      if (architecture === null && asked.actions.some(({ action }) => action !== 'fetch-assertions')) {
        throw new BadRequestError('the header Snap-Device-Architecture says for which architecture; it is missing');
      }
      const takesDeltas = acceptsDeltas(request.header('snap-accept-delta-format'));
      return this.admitted(request, (view) =>
        this.refresh.answer(asked, architecture ?? '', request.baseUrl, view, takesDeltas),
      );
    });
  }

  private cohortsAnswer(request: DeviceRequest): Promise<Answer> {
    return request
      .json(COHORTS_BODY_BYTES)
      .then((body) => this.admitted(request, (view) => this.cohorts.answer(body, view)));
  }

  private searchAnswer(request: DeviceRequest, dialect: SearchDialect): Answer | Promise<Answer> {
    const { query, baseUrl } = request;
    return this.admitted(request, (view) =>
      this.search.answer(dialect, { query, deviceArchitecture: architectureOf(request), baseUrl, view }),
    );
  }

  /** snapd asks for it without saying who it is, unless its model has a store of its own (store/store.go, WriteCatalogs). */
  private async namesAnswer(request: DeviceRequest): Promise<Answer> {
    const view = await this.viewOfWhoever(request);
    return this.catalogue.names(request.query, architectureOf(request), view);
  }

  /** Where it would have to say so, what is for everybody: an error would end the refresh of what a device knows of names. */
  private async viewOfWhoever(request: DeviceRequest): Promise<DeviceView> {
    try {
      return await this.admission.viewOf(request);
    } catch (error) {
      if (describeError(error).status === 401) return this.admission.publicView();
      throw error;
    }
  }

  private admitted(
    request: DeviceRequest,
    answer: (view: DeviceView) => Answer | Promise<Answer>,
  ): Answer | Promise<Answer> {
    const view = this.admission.viewOf(request);
    return view instanceof Promise ? view.then(answer) : answer(view);
  }
}

function fileWish(request: DeviceRequest): FileWish {
  return {
    range: request.header('range'),
    ifRange: request.header('if-range'),
    ifNoneMatch: request.header('if-none-match'),
  };
}

/** The two names that snapd has for it (store/store.go). @throws BadRequestError */
function architectureOf(request: DeviceRequest): string | null {
  const architecture = request.header('snap-device-architecture') ?? request.header('x-ubuntu-architecture');
  if (architecture !== null && !ARCHITECTURE.test(architecture)) {
    throw new BadRequestError('the header Snap-Device-Architecture names no architecture');
  }
  return architecture;
}

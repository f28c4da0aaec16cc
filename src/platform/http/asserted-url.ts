import { Injectable } from '@nestjs/common';

/**
 * The URL that the store's assertion tells devices, where there is such an assertion. Whoever knows the store's identity says
 * it here; answers start their URLs with it, because snapd leaves out what is elsewhere (store/store_download.go, icons).
 */
@Injectable()
export class AssertedUrl {
  private known: string | null = null;

  get current(): string | null {
    return this.known;
  }

  set(url: string | null): void {
    this.known = url;
  }
}

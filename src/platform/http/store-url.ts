import { Injectable } from '@nestjs/common';

/** The URL that the store is registered under; whoever decides its identity sets it, in every process. */
@Injectable()
export class StoreUrl {
  private url: string | null = null;

  /** Without a slash at the end; null while the store is not registered. */
  get(): string | null {
    return this.url;
  }

  set(url: string | null): void {
    this.url = url?.replace(/\/+$/, '') ?? null;
  }
}

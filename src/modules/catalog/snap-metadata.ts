export interface SnapMedia {
  readonly type: string;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
}

/** What the online store knows of a snap beside its signed facts; every field may be missing. */
export interface SnapMetadata {
  readonly title?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly license?: string;
  readonly contact?: string;
  readonly website?: string;
  readonly 'store-url'?: string;
  readonly links?: Readonly<Record<string, readonly string[]>>;
  readonly categories?: readonly { readonly name: string; readonly featured: boolean }[];
  readonly media?: readonly SnapMedia[];
}

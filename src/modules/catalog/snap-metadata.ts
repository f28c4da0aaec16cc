/** How a snap uses a picture that is held as a blob. */
export interface SnapMedia {
  /** `icon`, `screenshot`, `banner`, … */
  readonly type: string;
  /** Lowercase hex; names the blob. */
  readonly 'sha3-384': string;
  /** What its bytes are, whoever says what. */
  readonly 'content-type': string;
  /** Bytes. */
  readonly size: number;
  /** Pixels. */
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
  /** In the order that the online store gave them. */
  readonly media?: readonly SnapMedia[];
}

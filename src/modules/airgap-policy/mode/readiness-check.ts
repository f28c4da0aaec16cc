/** Something without which air-gapped mode makes no store. */
export interface MissingPart {
  /** Such as `keys`. */
  readonly what: string;
  /** What to type. */
  readonly mend: string;
}

/** What the other rooms know of a store that is about to be closed off. Implemented where the rooms are put together. */
export abstract class ReadinessCheck {
  /**
   * Takes a registration that was carried here into the database, whole or not at all; nothing where there is none or it is
   * there already.
   * @throws what a registration that cannot be opened or does not hold is refused with
   */
  abstract takeInCarried(): Promise<void>;

  abstract missing(): Promise<readonly MissingPart[]>;

  /** What devices will stumble over, and what does not stand in the way. */
  abstract warnings(): Promise<readonly string[]>;
}

/** Nothing else can be known without one. */
export const NO_DATABASE: readonly MissingPart[] = [
  {
    what: 'database',
    mend: '"snap-store-proxy config proxy.db.connection=URI" names one, or the first "snap-store-proxy serve" makes the embedded one',
  },
  { what: 'keys and registration', mend: 'they are looked for in the database' },
];

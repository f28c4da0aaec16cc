import { StoreError } from '../../kernel/store-error.js';

export class SnapNotHeldError extends StoreError {
  readonly code = 'snap-not-held';

  constructor(nameOrId: string) {
    super(`this store holds no snap "${nameOrId.slice(0, 60)}"`, { name: nameOrId.slice(0, 60) });
  }
}

export class RevisionNotHeldError extends StoreError {
  readonly code = 'revision-not-held';

  constructor(name: string, revision: number) {
    super(`revision ${revision} of ${name} has not been pushed to this store`, { name, revision });
  }
}

export class PictureNotHeldError extends StoreError {
  readonly code = 'picture-not-held';

  constructor(path: string) {
    super(`no snap of this store has a picture ${path.slice(0, 200)}`, { path: path.slice(0, 200) });
  }
}

export class DeltaNotHeldError extends StoreError {
  readonly code = 'delta-not-held';

  constructor(what: string) {
    super(`this store has no delta ${what.slice(0, 200)}`, { delta: what.slice(0, 200) });
  }
}

export class ChannelNotOpenError extends StoreError {
  readonly code = 'channel-not-open';

  constructor(name: string, channel: string) {
    super(`nothing is released to ${channel} of ${name}`, { name, channel });
  }
}

export class TrackNotOpenError extends StoreError {
  readonly code = 'track-not-open';

  constructor(name: string, track: string) {
    super(`nothing is released on track ${track} of ${name}`, { name, track });
  }
}

/** A name belongs to one snap-id for as long as its declarations say so. */
export class SnapNameTakenError extends StoreError {
  readonly code = 'snap-name-taken';

  constructor(name: string, snapId: string, ownerSnapId: string) {
    super(`the name ${name} belongs to snap-id ${ownerSnapId} here, so ${snapId} cannot have it`, {
      name,
      snapId,
      ownerSnapId,
    });
  }
}

/** A revision is one file for ever: another digest under the same number is another authority's or a forgery. */
export class RevisionConflictError extends StoreError {
  readonly code = 'revision-conflict';

  constructor(snapId: string, revision: number, heldSha3_384: string, sha3_384: string) {
    super(`revision ${revision} of ${snapId} is already held with another content (${heldSha3_384}, not ${sha3_384})`, {
      snapId,
      revision,
      heldSha3_384,
      sha3_384,
    });
  }
}

export class ComponentNotHeldError extends StoreError {
  readonly code = 'component-not-held';

  constructor(file: string) {
    super(`this store holds no component ${file.slice(0, 120)}`, { file: file.slice(0, 120) });
  }
}

/** As with snaps: a component revision is one file for ever. */
export class ComponentConflictError extends StoreError {
  readonly code = 'component-conflict';

  constructor(component: string, revision: number) {
    super(`revision ${revision} of ${component} is already held with another content`, { component, revision });
  }
}

/** What is signed as going together, and a device would not take together. */
export class ComponentUndeclaredError extends StoreError {
  readonly code = 'component-undeclared';

  constructor(component: string, revision: number, why: string) {
    super(`revision ${revision} of ${component} cannot go with its snap: ${why}`, { component, revision });
  }
}

/** What is to be removed is needed by something that stays. */
export class SnapStillNeededError extends StoreError {
  readonly code = 'snap-still-needed';

  constructor(what: string, reasons: readonly string[]) {
    super(`${what} is still needed: ${reasons.join('; ')}`, { reasons });
  }
}

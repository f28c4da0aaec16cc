import { Transform, type TransformCallback } from 'node:stream';

import { StoreError } from './store-error.js';

export class TooManyBytesError extends StoreError {
  readonly code = 'too-many-bytes';
}

/** Passes bytes on and fails at the first one past the limit, whatever the sender has declared. `what` names the input. */
export class ByteLimit extends Transform {
  private seen = 0;

  constructor(
    private readonly limitBytes: number,
    private readonly what: string,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.seen += chunk.length;
    if (this.seen > this.limitBytes) {
      done(
        new TooManyBytesError(`${this.what} is larger than ${this.limitBytes} bytes`, { limitBytes: this.limitBytes }),
      );
      return;
    }
    done(null, chunk);
  }
}

/** The time of day, as something that can be handed in: tests and expiry checks name their own moment. */
export abstract class Clock {
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

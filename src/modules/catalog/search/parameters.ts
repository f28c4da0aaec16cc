/** The values of a statement that is put together from pieces. */
export class Parameters {
  readonly values: unknown[] = [];

  /** @returns what stands for the value in the statement */
  add(value: string | readonly string[]): string {
    this.values.push(value);
    return `$${this.values.length}${typeof value === 'string' ? '::text' : ''}`;
  }
}

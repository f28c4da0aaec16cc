import { InvalidArgumentError } from 'commander';

/** For options and arguments that are whole numbers. */
export function parseNumber(smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^[0-9]{1,10}$/.test(text) || number < smallest || number > largest) {
      throw new InvalidArgumentError(`It must be a whole number from ${smallest} to ${largest}.`);
    }
    return number;
  };
}

export const parseRevision = parseNumber(1, 2 ** 31 - 1);

/** For options that may be given more than once. */
export function repeatable(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

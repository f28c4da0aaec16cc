export type Call = (this: unknown, ...args: unknown[]) => unknown;

/** Puts another function in a function's place, which has it to call; passes over what this version of Node.js does not have. */
export function wrap(holder: object, name: string, make: (original: Call) => Call): void {
  const original: unknown = Reflect.get(holder, name);
  if (typeof original !== 'function') return;
  const wrapped = make(original as Call);
  // Its name and length, and what util.promisify goes by.
  const { prototype: _, ...properties } = Object.getOwnPropertyDescriptors(original);
  Object.defineProperties(wrapped, properties);
  Object.defineProperty(holder, name, { value: wrapped, writable: true, configurable: true, enumerable: true });
}

/** Fails a call in the way that it reports failures: to its callback, later, or else by throwing. */
export function failCall(args: readonly unknown[], error: Error): unknown {
  const callback = args.at(-1);
  if (typeof callback !== 'function') throw error;
  process.nextTick(callback, error);
  return undefined;
}

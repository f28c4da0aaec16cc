import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE_ROOT = resolve(import.meta.dirname, '../../..');
const FRAMES = 40;

/** Who is calling, as `function (file:line)`: the nearest frame of the program itself, else of a library, else of Node.js. */
export function callerOf(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callerOf);
  Error.stackTraceLimit = limit;
  const frames = (holder.stack ?? '').split('\n').slice(1).map(readable);
  const foreign = frames.filter((frame) => !frame.includes('/platform/egress/') && !frame.includes('node:'));
  return foreign.find((frame) => !frame.includes('node_modules/')) ?? foreign[0] ?? frames[0] ?? 'unknown';
}

function readable(frame: string): string {
  return frame
    .trim()
    .replace(/^at /, '')
    .replace(/file:\/\/[^\s)]*?(?=:\d+:\d+\)?$)/, (url) => fileURLToPath(url))
    .replace(`${PACKAGE_ROOT}/`, '')
    .replace(/:\d+(\)?)$/, '$1')
    .slice(0, 200);
}

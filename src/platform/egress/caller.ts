import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PACKAGE_ROOT } from '../program-root.js';

const FRAMES = 40;
const REMEMBERED = 1000;

/** Who is calling, as `function (file:line)`: the nearest frame of the program itself, else of a library, else of Node.js. */
export function callerOf(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callerOf);
  Error.stackTraceLimit = limit;
  return callerIn(holder.stack ?? '', PACKAGE_ROOT);
}

/** @param stack as an error has it @param root the folder that paths are given relative to */
export function callerIn(stack: string, root: string): string {
  let nearest: string | null = null;
  let library: string | null = null;
  for (const line of stack.split('\n').slice(1)) {
    const frame = readable(line, root);
    nearest ??= frame;
    if (frame.includes('/platform/egress/') || frame.includes('node:')) continue;
    if (!frame.includes('node_modules/')) return frame;
    library ??= frame;
  }
  return library ?? nearest ?? 'unknown';
}

function readable(line: string, root: string): string {
  const frame = line
    .trim()
    .replace(/^at /, '')
    .replace(/file:\/\/[^\s)]*?(?=:\d+:\d+\)?$)/, (url) => fileURLToPath(url))
    .replace(`${root}/`, '')
    .replace(/:\d+(\)?)$/, '$1')
    .replace(/dist\/doors\/[\w-]+\.js:\d+(?=\)?$)/, (place) => modulePlace(place, root));
  return frame.slice(0, 200);
}

const places = new Map<string, string>();

/**
 * `node_modules/pg/lib/stream.js` for a line of a file that a build has put together from many modules (scripts/doors.mjs): a
 * comment above each of them says which it was. Lines are those of the file as it is, and so left out.
 */
function modulePlace(place: string, root: string): string {
  const known = places.get(place);
  if (known !== undefined) return known;
  const [path = '', line] = place.split(':');
  const found = moduleAt(join(root, path), Number(line)) ?? place;
  if (places.size < REMEMBERED) places.set(place, found);
  return found;
}

function moduleAt(file: string, line: number): string | null {
  try {
    const above = readFileSync(file, 'utf8').split('\n', line);
    const comment = above.findLast((text) => MODULE.test(text));
    return MODULE.exec(comment ?? '')?.[1] ?? null;
  } catch {
    return null;
  }
}

const MODULE = /^\/\/ (?:\.\.\/)*((?:node_modules|dist)\/\S+)$/;

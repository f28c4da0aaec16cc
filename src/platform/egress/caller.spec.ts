import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { callerIn } from './caller.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'caller-'));
  await mkdir(join(root, 'dist/doors'), { recursive: true });
  const door = ['// ../../node_modules/pg/lib/stream.js', 'connect', '// dist/modules/upstream/http.js', 'ask'];
  await writeFile(join(root, 'dist/doors/chunk-A1.js'), door.join('\n'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A stack with these frames, the innermost first. */
function stack(...frames: string[]): string {
  return ['Error', ...frames.map((frame) => `    at ${frame.replace('ROOT', root)}`)].join('\n');
}

describe('the caller', () => {
  it.each([
    [['refuse (file://ROOT/dist/platform/egress/wrap.js:1:2)', 'ask (file://ROOT/dist/x.js:3:4)'], 'ask (dist/x.js:3)'],
    [['connect (ROOT/node_modules/pg/a.js:5:6)', 'ask (file://ROOT/dist/x.js:3:4)'], 'ask (dist/x.js:3)'],
    [['node:net:1:2', 'connect (ROOT/node_modules/pg/a.js:5:6)'], 'connect (node_modules/pg/a.js:5)'],
    [['emit (node:events:518:28)'], 'emit (node:events:518)'],
  ])('is the nearest frame of the program, else of a library: %j', (frames, caller) => {
    expect(callerIn(stack(...frames), root)).toBe(caller);
  });

  it('is told by the module that it came from where a build has put many together', () => {
    const library = 'connect (file://ROOT/dist/doors/chunk-A1.js:2:1)';
    const own = 'ask (file://ROOT/dist/doors/chunk-A1.js:4:1)';
    expect(callerIn(stack(library, own), root)).toBe('ask (dist/modules/upstream/http.js)');
    expect(callerIn(stack(library), root)).toBe('connect (node_modules/pg/lib/stream.js)');
    expect(callerIn(stack('go (file://ROOT/dist/doors/gone.js:4:1)'), root)).toBe('go (dist/doors/gone.js:4)');
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const DIST = join(import.meta.dirname, '../../../dist');

describe('the doors of the built program', () => {
  it.each(['cli', 'main'])('load the guard before anything else: %s', async (door) => {
    const text = await readFile(join(DIST, `${door}.js`), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#!'));
    expect(lines).toEqual([`import './platform/egress/install.js';`, `import './doors/${door}.js';`]);
  });

  it('hold no second guard', async () => {
    const files = (await readdir(join(DIST, 'doors'))).filter((name) => name.endsWith('.js'));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const text = await readFile(join(DIST, 'doors', file), 'utf8');
      // What only the guard says.
      expect(text.includes('a datagram to'), file).toBe(false);
    }
  });
});

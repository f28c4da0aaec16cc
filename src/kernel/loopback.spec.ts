import { describe, expect, it } from 'vitest';

import { isLoopbackHost } from './loopback.js';

describe(isLoopbackHost.name, () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST', 'a.localhost', '::ffff:127.0.0.1'])(
    '%s is',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each(['128.0.0.1', '127.0.0.1.example', 'localhost.example', '::2', '0.0.0.0', ''])('"%s" is not', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

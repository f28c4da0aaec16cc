import { describe, expect, it } from 'vitest';

import { Settings } from '../../platform/config/settings.js';
import { StoreUrlUnknownError } from './registration.errors.js';
import { isSameUrl, registeredUrl } from './store-url.js';

const settings = (values: Readonly<Record<string, string>>) => new Settings({ flag: new Map(Object.entries(values)) });

describe(registeredUrl.name, () => {
  it.each([
    [{ 'proxy.domain': 'snaps.internal' }, 'http://snaps.internal'],
    [{ 'proxy.domain': 'snaps.internal', 'proxy.port.http': '8000' }, 'http://snaps.internal:8000'],
    [{ 'proxy.domain': 'snaps.internal', 'proxy.port.http': '80' }, 'http://snaps.internal'],
    [{ 'proxy.domain': 'fd00::1' }, 'http://[fd00::1]'],
    [
      { 'proxy.domain': 'snaps.internal', 'proxy.public-url': 'https://front.internal/store/' },
      'https://front.internal/store',
    ],
  ])('of %j is %s', (values, url) => {
    expect(registeredUrl(settings(values as Record<string, string>), 'http')).toBe(url);
  });

  it('needs a name', () => {
    expect(() => registeredUrl(settings({}), 'http')).toThrow(StoreUrlUnknownError);
  });

  it('does not register a plain address as https', () => {
    expect(() => registeredUrl(settings({ 'proxy.public-url': 'http://front.internal' }), 'https')).toThrow(
      StoreUrlUnknownError,
    );
  });
});

describe(isSameUrl.name, () => {
  it.each([
    ['https://a.internal', 'https://A.internal:443/', true],
    ['https://a.internal', 'http://a.internal', false],
    ['https://a.internal/x', 'https://a.internal', false],
    ['nonsense', 'nonsense', false],
  ])('%s and %s: %s', (one, other, same) => {
    expect(isSameUrl(one, other)).toBe(same);
  });
});

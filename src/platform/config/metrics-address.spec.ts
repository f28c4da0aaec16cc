import { describe, expect, it } from 'vitest';

import { DEFAULT_METRICS_LISTEN, parseMetricsAddress } from './metrics-address.js';

describe(parseMetricsAddress.name, () => {
  it.each([
    ['off', 'off'],
    ['', 'off'],
    ['same', 'same'],
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['[::]:1', { host: '::', port: 1 }],
  ])('reads %j', (text, address) => {
    expect(parseMetricsAddress(text)).toEqual(address);
  });

  it.each([
    '9464',
    ':9464',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1:9464',
    '[127.0.0.1]:1',
    'host:9464',
    'on',
    ' off',
  ])('takes no %j', (text) => {
    expect(parseMetricsAddress(text)).toBeNull();
  });

  it('listens on this machine only, unless it is told otherwise', () => {
    expect(parseMetricsAddress(DEFAULT_METRICS_LISTEN)).toEqual({ host: '127.0.0.1', port: 9464 });
  });
});

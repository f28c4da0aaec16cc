import { describe, expect, it } from 'vitest';

import { AssertionRefusedError } from './assertion.errors.js';
import { type HeaderMap, type HeaderValue, parseHeaders, writeHeader } from './headers.js';

function parse(text: string): unknown {
  return JSON.parse(JSON.stringify(parseHeaders(Buffer.from(text))));
}

describe(parseHeaders.name, () => {
  it.each<[string, Record<string, HeaderValue>]>([
    ['a: 1\nb: x: y\nc: ', { a: '1', b: 'x: y', c: '' }],
    ['a:  two ', { a: ' two ' }],
    ['a:\n    line\n     indented\n    ', { a: 'line\n indented\n' }],
    ['a:\n  - x\n  -\n      y\n       z\nb: 1', { a: ['x', 'y\n z'], b: '1' }],
    ['a:\n  -\n    - x\n    -  y', { a: [['x', ' y']] }],
    ['a:\n  b: 1\n  c:\n    d: 2\n    e:\n        text', { a: { b: '1', c: { d: '2', e: 'text' } } }],
    ['a:\n  -\n    b: 1\n    c: 2\n  -\n    b: 3', { a: [{ b: '1', c: '2' }, { b: '3' }] }],
    ['a:\n  constructor: 1', { a: { constructor: '1' } }],
    ['a-b-1: é', { 'a-b-1': 'é' }],
  ])('reads %j', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each<[string, RegExp]>([
    ['', /no ":"/],
    ['a', /no ":"/],
    ['a:1', /no space/],
    ['a:', /a value is expected/],
    ['a:\n   x', /a value is expected/],
    ['a:\n\tb: 1', /a value is expected/],
    ['a: 1\na: 2', /twice/],
    ['a:\n  b: 1\n  b: 2', /twice/],
    ['a:\n  b', /no ":"/],
    ['a:\n  B: 1', /is not a map entry name/],
    ['A: 1', /is not a header name/],
    ['1a: 1', /is not a header name/],
    ['a-: 1', /is not a header name/],
    ['a--b: 1', /is not a header name/],
    [' a: 1', /is not a header name/],
    ['__proto__: 1', /is not a header name/],
    ['\ufeffa: 1', /is not a header name/],
    ['a: 1\n', /no ":"/],
    ['a:\n  -x', /no space/],
  ])('refuses %j', (text, why) => {
    expect(() => parse(text)).toThrow(why);
    expect(() => parse(text)).toThrow(AssertionRefusedError);
  });

  it.each([[[0x61, 0x3a, 0x20, 0xff]], [[0x61, 0x3a, 0x20, 0xc0, 0x80]], [[0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80]]])(
    'refuses what is not UTF-8',
    (bytes) => {
      expect(() => parseHeaders(Buffer.from(bytes))).toThrow(/not UTF-8/);
    },
  );

  it('gives maps that cannot be changed and have no prototype', () => {
    const headers = parseHeaders(Buffer.from('a:\n  - x\nb:\n  c: 1'));
    expect(headers.tostring).toBeUndefined();
    expect(headers.constructor).toBeUndefined();
    expect(() => {
      (headers as Record<string, HeaderValue>).a = 'y';
    }).toThrow(TypeError);
    expect(() => (headers.a as string[]).push('y')).toThrow(TypeError);
    expect(() => {
      (headers.b as Record<string, HeaderValue>).c = '2';
    }).toThrow(TypeError);
  });

  it('takes any depth that fits into an assertion', () => {
    const depth = 300;
    const lines = Array.from({ length: depth }, (_, level) => `${'  '.repeat(level)}a:`);
    expect(() => parseHeaders(Buffer.from(`${lines.join('\n')} x`))).not.toThrow();
  });
});

describe(writeHeader.name, () => {
  it.each<HeaderMap>([
    { a: 'x' },
    { a: '' },
    { a: 'two\nlines\n' },
    { a: ['x', 'y\nz', ['deep', { b: 'c' }]] },
    { a: { b: { c: ['d', 'e'] }, f: ' text' } },
  ])('writes %j so that it is read back', (headers) => {
    const text = Object.entries(headers)
      .map(([name, value]) => writeHeader(name, value ?? ''))
      .join('');
    expect(parse(text.slice(1))).toEqual(headers);
  });

  it('leaves out what is empty, and sorts the entries of maps', () => {
    expect(writeHeader('a', [])).toBe('');
    expect(writeHeader('a', { b: [], c: {} })).toBe('');
    expect(writeHeader('a', { z: '1', b: '2' })).toBe('\na:\n  b: 2\n  z: 1');
  });
});

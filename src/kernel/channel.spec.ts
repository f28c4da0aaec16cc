import { describe, expect, it } from 'vitest';

import { Channel, InvalidChannelError } from './channel.js';

describe(Channel.name, () => {
  it.each([
    ['stable', 'latest/stable'],
    ['2.0', '2.0/stable'],
    ['edge/fix-1', 'latest/edge/fix-1'],
    ['2.0/beta/fix-1', '2.0/beta/fix-1'],
    ['22/edge', '22/edge'],
  ])('reads %s as %s', (text, full) => {
    expect(Channel.parse(text).toString()).toBe(full);
  });

  it.each([
    '',
    '/',
    'a/b/c/d',
    '2.0/quiet',
    'edge/fix/more',
    '../stable',
    '-x/stable',
    'lätest',
    'a b',
    `${'t'.repeat(129)}/stable`,
  ])('refuses "%s"', (text) => {
    expect(() => Channel.parse(text)).toThrow(InvalidChannelError);
  });

  it('falls back from a branch to its risk and then to safer ones, never to riskier ones', () => {
    expect(Channel.parse('beta/fix-1').fallbacks().map(String)).toEqual([
      'latest/beta',
      'latest/candidate',
      'latest/stable',
    ]);
  });

  it('puts a channel without a track on the default track, and leaves a named track alone', () => {
    expect(Channel.parseWithDefaultTrack('edge', '2.0').toString()).toBe('2.0/edge');
    expect(Channel.parseWithDefaultTrack('latest/edge', '2.0').toString()).toBe('latest/edge');
  });
});

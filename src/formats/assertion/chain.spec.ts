import { describe, expect, it } from 'vitest';

import {
  authority,
  declaration,
  developer,
  revision,
  SNAP_ID,
  storeKey,
} from '../../../test/support/assertion-world.js';
import type { Assertion } from './index.js';
import { withPrerequisites } from './chain.js';

const all = [...authority.roots.all(), storeKey, developer, declaration, revision];
const held = new Map(all.map((assertion) => [assertion.ref.id, assertion]));

function chain(wanted: readonly Assertion[], asked: string[] = []): Promise<Assertion[]> {
  return withPrerequisites(wanted, {
    isKnown: (ref) => authority.roots.find(ref) !== null,
    find: (ref, neededBy) => {
      asked.push(ref.toString());
      const found = held.get(ref.id);
      return found === undefined
        ? Promise.reject(new Error(`${neededBy.toString()} needs ${ref.toString()}`))
        : Promise.resolve(found);
    },
  });
}

describe(withPrerequisites.name, () => {
  it('puts every assertion after those that it needs, once, and leaves out what is known', async () => {
    const names = (await chain([revision, declaration])).map(({ type }) => type.name);
    expect(names).toHaveLength(4);
    expect(names.at(-1)).toBe('snap-revision');
    expect(names.indexOf('snap-declaration')).toBeGreaterThan(names.indexOf('account'));
    expect(names.indexOf('snap-declaration')).toBeGreaterThan(names.indexOf('account-key'));
  });

  it('asks for nothing that it has been given already', async () => {
    const asked: string[] = [];
    await chain([storeKey, developer, declaration, revision], asked);
    expect(asked).toEqual([]);
  });

  it('gives what is alone as it is', async () => {
    expect(await chain([storeKey])).toEqual([storeKey]);
    expect(await chain([])).toEqual([]);
  });

  it('ends where something is not to be found', async () => {
    held.delete(declaration.ref.id);
    await expect(chain([revision])).rejects.toThrow(`needs snap-declaration/16/${SNAP_ID}`);
    held.set(declaration.ref.id, declaration);
  });
});

import { describe, expect, it } from 'vitest';

import { ComponentShelf, type ListedComponent } from './component-shelf.js';

const component = (name: string, revision: number): ListedComponent => {
  const facts = { type: 'standard', version: null, description: '', sha3_384: 'ab', sizeBytes: 1 };
  return { name, revision, ...facts, createdAt: new Date(0) };
};
const pairing = (snapRevision: number, name: string, componentRevision: number) => {
  return { snapRevision, name, componentRevision };
};
const numbers = (shelf: ComponentShelf, snapRevision: number): string[] =>
  shelf.of(snapRevision).map(({ name, revision }) => `${name} ${revision}`);

describe(ComponentShelf.name, () => {
  const components = [component('docs', 1), component('docs', 2), component('models', 1)];

  it('gives each revision what goes with it, by name', () => {
    const shelf = new ComponentShelf(components, [
      pairing(6, 'models', 1),
      pairing(6, 'docs', 1),
      pairing(7, 'docs', 2),
    ]);
    expect([numbers(shelf, 6), numbers(shelf, 7), numbers(shelf, 8)]).toEqual([['docs 1', 'models 1'], ['docs 2'], []]);
  });

  it.each([
    [1, 2],
    [2, 1],
  ])('gives the highest of several, also where they came as %i, %i', (...order) => {
    const shelf = new ComponentShelf(
      components,
      order.map((revision) => pairing(6, 'docs', revision)),
    );
    expect(numbers(shelf, 6)).toEqual(['docs 2']);
  });

  it('finds a revision by number, whether it goes with anything or not', () => {
    const shelf = new ComponentShelf(components, [pairing(6, 'docs', 9)]);
    expect(shelf.find('docs', 2)).toMatchObject({ revision: 2 });
    expect([shelf.find('docs', 3), shelf.find('other', 1), numbers(shelf, 6)]).toEqual([null, null, []]);
  });

  it('gives the revision that is pinned, and none where that does not go with the snap', () => {
    const shelf = new ComponentShelf(components, [
      pairing(6, 'docs', 1),
      pairing(6, 'docs', 2),
      pairing(6, 'models', 1),
    ]);
    const pinned = (...pins: [string, number | null][]): string[] =>
      shelf.of(6, new Map(pins)).map(({ name, revision }) => `${name} ${revision}`);
    expect(pinned(['docs', 1])).toEqual(['docs 1', 'models 1']);
    expect(pinned(['docs', 2], ['models', null])).toEqual(['docs 2']);
    expect(pinned(['docs', 3], ['other', 1])).toEqual(['models 1']);
  });
});

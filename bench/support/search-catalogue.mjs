// A catalogue to search in: made-up words, of which a few are in nearly every text and most in hardly any, as with real ones. The
// same number gives the same catalogue. Written past the importer, but through what makes snaps findable.
import { Transaction } from '../../dist/platform/database/transaction.js';
import { CatalogWriter } from '../../dist/modules/catalog/index.js';
import { digestOf, snapIdOf } from './catalogue.mjs';

const BATCH = 250;
const VOCABULARY = 6_000;
const SYLLABLES =
  'ba be bi bo da de do du fa fe fi go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi wa we zu'.split(
    ' ',
  );
const CATEGORIES =
  'art books development education finance games media news photo productivity science security server social utilities'.split(
    ' ',
  );
const AT = new Date('2026-01-01T00:00:00Z');

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns the snaps' names, in the order of their numbers, and the words of their texts, the most frequent first */
export function plan(snaps) {
  const random = randomFrom(7);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const words = new Set();
  while (words.size < VOCABULARY)
    words.add(Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(SYLLABLES)).join(''));
  const vocabulary = [...words];
  // Of Zipf's kind: the n-th word is about n times as rare as the first.
  const frequent = () => vocabulary[Math.floor(VOCABULARY ** random()) - 1];
  const text = (length) => Array.from({ length }, frequent).join(' ');
  const names = new Set();
  const planned = [];
  while (planned.length < snaps) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(vocabulary));
    const name = parts.join('-').slice(0, 40).replace(/-$/, '');
    if (names.has(name)) continue;
    names.add(name);
    planned.push({
      name,
      title: random() < 0.7 ? parts.map((part) => part[0].toUpperCase() + part.slice(1)).join(' ') : text(2),
      summary: text(8),
      description: text(60 + Math.floor(random() * 80)),
      app: pick(vocabulary),
      category: pick(CATEGORIES),
    });
  }
  return { planned, vocabulary, frequent };
}

export async function fillSearchCatalogue(context, planned) {
  const writer = context.get(CatalogWriter);
  for (let start = 0; start < planned.length; start += BATCH) {
    await context.get(Transaction).run(async () => {
      for (let number = start; number < Math.min(start + BATCH, planned.length); number++)
        await addSnap(writer, number, planned[number]);
    });
  }
}

async function addSnap(writer, number, { name, title, summary, description, app, category }) {
  const snapId = snapIdOf(number);
  const categories = [{ name: category, featured: number % 400 === 0 }];
  const metadata = { title, summary, description, license: 'MIT', categories };
  await writer.ensureSnap({ snapId, name, publisherId: `publisher${number % 500}`, metadata });
  await writer.addRevision({
    snapId,
    revision: 7,
    sha3_384: digestOf(number),
    sizeBytes: 4_096_000,
    version: '1.7',
    type: 'app',
    base: 'core22',
    confinement: number % 10 === 0 ? 'classic' : 'strict',
    grade: 'stable',
    architectures: ['amd64'],
    epoch: { read: [0], write: [0] },
    provenance: 'global-upload',
    snapYaml: `name: ${name}\nversion: "1.7"\nsummary: ${summary}\nbase: core22\nconfinement: strict\ngrade: stable\narchitectures: [amd64]\napps:\n  ${app}:\n    command: bin/a\n`,
    commonIds: [],
    developerId: 'benchdev',
    createdAt: AT,
    icon: null,
  });
  const requests = [{ architecture: 'amd64', channel: 'latest/stable', revision: 7, releasedAt: AT }];
  await writer.applyReleases(snapId, requests, { origin: 'import' });
}

import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertion, encodeAssertionStream, SigningKey } from '../../../src/formats/assertion/index.js';
import { BrandKeyService, KeyService } from '../../../src/modules/keys/index.js';
import { componentBundle, signedComponent, yamlWith } from '../../support/components.js';
import { RunningStore } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';
import { TypedCommands } from '../../support/typed-commands.js';

interface Shown {
  readonly sequence: number;
  readonly revision: number;
  readonly outcome?: string;
  readonly missing: readonly string[];
  readonly demands: readonly { readonly what: string; readonly isHeld: boolean | null }[];
}

const editorId = testSnapId('editor');

describe('validation sets', () => {
  let store: RunningStore;
  let commands: TypedCommands;
  let folder: string;
  let brandKey: SigningKey;
  let strayKeyId: string;

  beforeAll(async () => {
    store = await RunningStore.open();
    commands = await TypedCommands.at(store.operator);
    folder = join(store.operator.dataDir, 'sets');
    await mkdir(folder);
    const snapYaml = yamlWith('editor', 6, { docs: 'standard' });
    const snap = store.authority.snap({ name: 'editor', snapId: editorId, revision: 6, snapYaml });
    const docs = signedComponent(store.authority, snap.plan, { name: 'docs', revision: 1, pairedWith: [6] });
    await store.pushBundle(componentBundle({ snap, components: [docs] }));
    const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    brandKey = new SigningKey(privateKey);
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const brandKeys = store.operator.context.get(BrandKeyService);
    await brandKeys.take({ accountId: 'acme', name: 'sets' }, Buffer.from(pem));
    const stray = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    strayKeyId = (await store.operator.context.get(KeyService).importKey(Buffer.from(stray), 'other')).id;
    const acme = [store.authority.publisher('acme'), store.authority.accountKeyFor(brandKey, 'sets', 'acme')];
    await commands.must('assertions', 'push', await file('acme.assert', encodeAssertionStream(acme)));
  });

  afterAll(() => store.close());

  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  const create = async (yaml: string, ...more: string[]): Promise<Shown> =>
    (await commands.json(
      ...['validation-sets', 'create', await file('set.yaml', yaml), '--key', 'sets'],
      ...more,
    )) as Shown;
  const classroom = 'name: classroom\nsnaps:\n  - {name: editor, revision: 6, components: {docs: required}}\n';

  it('are signed with a key of the store, and devices get them', async () => {
    expect(await create(classroom)).toMatchObject({ sequence: 1, revision: 0, outcome: 'added', missing: [] });
    const { body } = await store.ask('/v2/assertions/validation-set/16/acme/classroom?sequence=latest');
    const { headers, signKeyId } = decodeAssertion(body);
    expect(headers).toMatchObject({
      'authority-id': 'acme',
      sequence: '1',
      snaps: [
        {
          name: 'editor',
          id: editorId,
          presence: 'required',
          revision: '6',
          components: { docs: { presence: 'required' } },
        },
      ],
    });
    expect(signKeyId).toBe(brandKey.id);
  });

  it('go on in their sequence, or in the revision of one that is named, and stay where nothing is new', async () => {
    expect(await create(classroom)).toMatchObject({ sequence: 2, revision: 0, outcome: 'added' });
    const again = `${classroom}sequence: 2\n`;
    expect(await create(again)).toMatchObject({ sequence: 2, revision: 0, outcome: 'unchanged' });
    const changed = again.replace('revision: 6, ', '');
    expect(await create(changed)).toMatchObject({ sequence: 2, revision: 1, outcome: 'updated' });
    expect(await create(`${again}revision: 5\n`)).toMatchObject({ sequence: 2, revision: 5, outcome: 'updated' });
    const { stderr, exitCode } = await commands.run(
      ...['validation-sets', 'create', await file('old.yaml', `${changed}revision: 5\n`), '--key', brandKey.id],
    );
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('says something else than what is held')]);
  });

  it('are not signed while what they require is not held, unless somebody insists', async () => {
    const demanding = 'name: later\nsnaps: [{name: editor, revision: 7, components: {docs: {revision: 2}}}]\n';
    const path = await file('later.yaml', demanding);
    const refused = await commands.run('validation-sets', 'create', path, '--key', brandKey.id);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toBe(
      'error: validation set acme/later=1 requires what this store does not hold: editor 7, editor+docs 2 (validation-set-incomplete)\n' +
        'hint: push the snaps first, or insist with --allow-missing\n',
    );
    expect((await store.ask('/v2/assertions/validation-set/16/acme/later/1')).status).toBe(404);
    const made = await create(demanding, '--allow-missing');
    expect(made).toMatchObject({ outcome: 'added', missing: ['editor 7', 'editor+docs 2'] });
  });

  it('can be printed instead, without being kept', async () => {
    const path = await file(
      'printed.yaml',
      `name: printed\nsnaps: [{name: gone, id: ${testSnapId('gone')}, presence: optional}]\n`,
    );
    const printed = await commands.must('validation-sets', 'sign', path, '--key', brandKey.id);
    const assertion = decodeAssertion(Buffer.from(printed));
    expect(assertion.toString()).toBe('validation-set/16/acme/printed/1');
    expect((await commands.run('validation-sets', 'show', 'printed')).exitCode).toBe(1);
    await commands.must('assertions', 'push', await file('printed.assert', printed));
    expect(await commands.json('validation-sets', 'show', 'printed')).toMatchObject({ sequence: 1 });
  });

  it.each([
    ['no account has the key', () => strayKeyId, classroom, 'no account-key in this store says whose key'],
    ['it is the key of another', () => brandKey.id, `account-id: other\n${classroom}`, 'is of account acme'],
    ['the store has no such key', () => 'x'.repeat(64), classroom, 'no account-key in this store says whose key'],
    [
      'the name is of another brand',
      () => 'sets',
      `account-id: other\n${classroom}`,
      'no account-key in this store says',
    ],
    ['a snap is known to nobody', () => brandKey.id, 'name: x\nsnaps: [{name: nobody}]\n', 'the snap-id of nobody is'],
    ['the file is none', () => brandKey.id, 'name: x\n', 'the file has no "snaps"'],
  ])('are refused where %s', async (_, key, yaml, message) => {
    const { exitCode, stderr } = await commands.run(
      ...['validation-sets', 'sign', await file('refused.yaml', yaml), '--key', key()],
    );
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  });

  it('are listed with what is held of them, the latest of each first', async () => {
    const listed = await commands.must('validation-sets', 'list');
    expect(listed.split('\n').map((line) => line.split(/ {2,}/).join(' | '))).toEqual([
      'Account | Name | Sequence | Revision | Snaps | Held',
      'acme | classroom | 2 | 5 | 1 | all',
      'acme | classroom | 1 | 0 | 1 | all',
      'acme | later | 1 | 0 | 1 | without editor 7, editor+docs 2',
      'acme | printed | 1 | 0 | 1 | all',
      '',
    ]);
  });

  it('are shown snap by snap', async () => {
    const shown = await commands.must('validation-sets', 'show', 'acme/classroom=1');
    expect(shown).toContain('Sequence: 1\nRevision: 0\n');
    expect(shown).toMatch(/^editor +required +6 +yes\neditor\+docs +required +any +yes$/m);
    expect(await commands.json('validation-sets', 'show', 'later')).toMatchObject({
      demands: [
        { what: 'editor', isHeld: false },
        { what: 'editor+docs', isHeld: false },
      ],
    });
    expect((await commands.run('validation-sets', 'show', 'acme/classroom=9')).stderr).toContain(
      'this store holds no validation set acme/classroom=9',
    );
    expect((await commands.run('validation-sets', 'show', 'a/b/c')).exitCode).toBe(2);
  });

  it('need their account said where several have one of the name, and say when they come in what is missing', async () => {
    const set = store.authority.sign('validation-set', {
      series: '16',
      'account-id': store.authority.id,
      name: 'classroom',
      sequence: '1',
      snaps: [
        { name: 'absent', id: testSnapId('absent'), presence: 'required', revision: '3' },
        { name: 'unwanted', id: testSnapId('unwanted'), presence: 'invalid' },
      ],
    });
    const { stdout, stderr } = await commands.run('assertions', 'push', await file('foreign.assert', set.encoded));
    expect(stdout).toBe(`validation-set/16/${store.authority.id}/classroom/1: added\n`);
    expect(stderr).toBe(
      `note: validation set ${store.authority.id}/classroom=1 requires what this store does not hold: absent 3\n`,
    );
    const ambiguous = await commands.run('validation-sets', 'show', 'classroom');
    expect([ambiguous.exitCode, ambiguous.stderr]).toEqual([2, expect.stringContaining('several accounts have')]);
    const shown = await commands.must('validation-sets', 'show', `${store.authority.id}/classroom`);
    expect(shown).toMatch(/^unwanted +invalid +any +-$/m);
  });
});

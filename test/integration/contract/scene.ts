import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { plainMetadata, sha3, testBundle } from '../../support/bundles.js';
import { signedComponent, yamlWith } from '../../support/components.js';
import { png, svg } from '../../support/pictures.js';
import { RunningStore, type Way } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

/** A store with one snap that has all that the newest snapd reads, and one that has nothing of it. */
export class ContractScene {
  private constructor(
    readonly store: RunningStore,
    /** What `{name}` stands for in the cases. */
    readonly names: Readonly<Record<string, string>>,
  ) {}

  static async open(way: Way): Promise<ContractScene> {
    const store = await RunningStore.open(way);
    const { authority } = store;
    const editor = testSnapId('editor');
    const [icon, screenshot] = [png('icon'), svg('<rect/>')];
    const yamlOf = (revision: number): string =>
      `${yamlWith('editor', revision, { docs: 'standard', models: 'kernel-modules' })}apps:\n  editor:\n    common-id: org.example.editor\n`;
    const snapOf = (revision: number) =>
      authority.snap({ name: 'editor', snapId: editor, revision, snapYaml: yamlOf(revision) });
    const [six, seven] = [snapOf(6), snapOf(7)];
    const component = (name: string, revision: number, pairedWith: readonly number[], more = {}) =>
      signedComponent(authority, six.plan, { name, revision, pairedWith, ...more });
    const docs = component('docs', 1, [6]);
    const newerDocs = component('docs', 2, [7], { version: '2.1' });
    const models = component('models', 4, [6, 7], { type: 'kernel-modules', version: '4.4' });
    const components = [docs, newerDocs, models];
    const pairs = (...all: [string, number][]) => all.map(([name, revision]) => ({ name, revision }));
    await store.pushBundle(
      testBundle({
        snaps: [
          {
            name: 'editor',
            snapId: editor,
            revisions: [
              { ...released(6, 'latest/stable'), content: six.content, components: pairs(['docs', 1], ['models', 4]) },
              { ...released(7, 'latest/edge'), content: seven.content, components: pairs(['docs', 2], ['models', 4]) },
            ],
            components: components.map(({ plan, content }) => ({
              name: plan.name,
              revision: plan.revision,
              type: plan.type ?? 'standard',
              content,
            })),
            metadata: plainMetadata({
              title: 'The Editor',
              summary: 'Edits – what else?',
              description: 'It edits.\nIt does.',
              license: 'MIT',
              website: 'https://editor.example',
              contact: 'mailto:ed@editor.example',
              storeUrl: 'https://snapcraft.example/editor',
              links: { website: ['https://editor.example'], issues: ['https://editor.example/i', 'mailto:b@c.d'] },
              categories: [
                { name: 'utilities', featured: false },
                { name: 'development', featured: true },
              ],
              media: [
                { type: 'icon', digest: sha3(icon), width: 64, height: 64 },
                { type: 'screenshot', digest: sha3(screenshot), width: null, height: null },
              ],
            }),
          },
        ],
        assertions: [
          {
            name: 'editor',
            bytes: encodeAssertionStream([
              ...six.assertions,
              seven.assertions[2]!,
              ...components.flatMap(({ assertions }) => assertions),
            ]),
          },
        ],
        media: [
          { bytes: icon, contentType: 'image/png' },
          { bytes: screenshot, contentType: 'image/svg+xml' },
        ],
      }),
    );
    const plain = authority.snap({ name: 'plain', snapId: testSnapId('plain'), revision: 1 });
    await store.push(plain);
    const set = (sequence: number, revision: number) =>
      authority.sign('validation-set', {
        series: '16',
        'account-id': authority.id,
        name: 'lab',
        sequence: String(sequence),
        ...(revision === 0 ? {} : { revision: String(revision) }),
        snaps: [{ name: 'editor', id: editor, presence: 'required', components: { docs: { presence: 'required' } } }],
      });
    const sets = [set(1, 0), set(3, 2)];
    await store.operator.context.get(AssertionService).add(sets);
    const names = {
      store: store.url,
      authority: authority.id,
      editor,
      plain: plain.plan.snapId,
      'editor 6 hex': sha3(six.content).hex,
      'editor 6 base64url': sha3(six.content).base64url,
      'editor 7 hex': sha3(seven.content).hex,
      'editor 6 yaml': yamlOf(6),
      'plain 1 hex': sha3(plain.content).hex,
      'docs 1 hex': sha3(docs.content).hex,
      'docs 1 base64url': sha3(docs.content).base64url,
      'docs 1 start': docs.content.subarray(0, 4).toString('latin1'),
      'docs 2 hex': sha3(newerDocs.content).hex,
      'models 4 hex': sha3(models.content).hex,
      'icon hex': sha3(icon).hex,
      'screenshot hex': sha3(screenshot).hex,
      'snap-resource-revision docs 1': docs.assertions[0]!.encoded.toString(),
      'snap-resource-pair docs 1 6': docs.assertions[1]!.encoded.toString(),
      'validation-set lab 3': sets[1]!.encoded.toString(),
      'snap-revision editor 6': six.assertions[2]!.encoded.toString(),
    };
    return new ContractScene(store, names);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

function released(revision: number, channel: string) {
  return { revision, version: `${revision}.0`, channels: [channel], createdAt: '2026-01-01T00:00:00Z' };
}

import { parseSnapId, parseSnapName } from '../../kernel/snap-names.js';
import { messageOf } from '../../kernel/store-error.js';
import {
  type BundleSigner,
  Fields,
  optionalMoment,
  outlineProblem,
  readArchitecture,
  readArchitectures,
  readChannel,
  readCreated,
  readDefaultTrack,
  readDigest,
  readPairs,
  readRevision,
  readTool,
  verifyDocument,
} from '../bundle/index.js';
import {
  INVENTORY_FORMATS,
  INVENTORY_TYPE,
  type InventoryComponent,
  type InventoryMedia,
  type InventoryRelease,
  type InventoryRevision,
  type InventorySnap,
  type StoreInventory,
} from './inventory.js';
import {
  InventoryInvalidError,
  InventorySignatureRefusedError,
  InventoryVersionUnsupportedError,
  NotAnInventoryError,
} from './inventory.errors.js';
import { INVENTORY_LIMITS, type InventoryLimits } from './inventory-limits.js';

export interface SignedInventory {
  readonly inventory: StoreInventory;
  /** Who signed it; the signature holds, whether they are known is another question. Null where nobody did. */
  readonly signer: BundleSigner | null;
}

/** Whether a file that begins like this may be an inventory: bundles, tarballs and snaps begin otherwise. */
export function looksLikeInventory(head: Uint8Array): boolean {
  return head[0] === OPEN_OBJECT;
}

/**
 * Reads all bytes of an inventory, and checks its signature where it has one. `file` is named in every complaint; fields that this
 * version does not know are ignored.
 * @throws NotAnInventoryError, InventoryInvalidError, InventoryVersionUnsupportedError, InventorySignatureRefusedError
 */
export function readInventory(
  bytes: Uint8Array,
  file: string,
  limits: InventoryLimits = INVENTORY_LIMITS,
): SignedInventory {
  if (bytes.length > limits.bytes) throw new InventoryInvalidError(file, `is larger than ${limits.bytes} bytes`);
  const { line, signature } = linesOf(bytes, file, limits);
  const complaint = (reason: string): Error => new InventoryInvalidError(file, reason);
  const top = Fields.of(parseJson(line, file, limits), complaint);
  if (!top.has('type') || top.text('type', 100) !== INVENTORY_TYPE) {
    throw new NotAnInventoryError(file, `its type is not "${INVENTORY_TYPE}"`);
  }
  const signer =
    signature === null
      ? null
      : verifyDocument(line, signature, 'inventory', (reason) => {
          throw new InventorySignatureRefusedError(file, reason);
        });
  return { inventory: parseInventory(top, file, limits), signer };
}

const OPEN_OBJECT = 0x7b;
const LINE_FEED = 0x0a;

/** The signed line with its line feed, and what follows it. */
function linesOf(
  bytes: Uint8Array,
  file: string,
  limits: InventoryLimits,
): { readonly line: Uint8Array; readonly signature: Uint8Array | null } {
  if (!looksLikeInventory(bytes)) throw new NotAnInventoryError(file, 'it does not begin with "{"');
  const end = bytes.indexOf(LINE_FEED) + 1;
  if (end === 0) throw new InventoryInvalidError(file, 'is cut off: its first line has no end');
  const signature = bytes.subarray(end);
  if (signature.length === 0) return { line: bytes, signature: null };
  if (signature.length > limits.signatureBytes) {
    throw new InventorySignatureRefusedError(file, `is larger than ${limits.signatureBytes} bytes`);
  }
  const last = signature.length - 1;
  if (signature.indexOf(LINE_FEED) !== last) {
    throw new InventorySignatureRefusedError(file, 'is not the second and last line of the file');
  }
  return { line: bytes.subarray(0, end), signature };
}

function parseJson(line: Uint8Array, file: string, limits: InventoryLimits): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch (cause) {
    throw new InventoryInvalidError(file, 'is not UTF-8', { cause });
  }
  const problem = outlineProblem(text, { depth: limits.depth, values: limits.values });
  if (problem !== null) throw new InventoryInvalidError(file, problem);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InventoryInvalidError(file, `is not JSON: ${messageOf(cause).slice(0, 120)}`, { cause });
  }
}

function parseInventory(top: Fields, file: string, limits: InventoryLimits): StoreInventory {
  const inventory: StoreInventory = {
    format: knownFormat(top, file),
    created: readCreated(top),
    tool: readTool(top.object('tool')),
    storeId: top.optionalText('store-id', 200),
    snaps: top.objects('snaps', limits.snaps, (fields) => parseSnap(fields, limits)),
    media: top.objects('media', limits.media, (fields) => parseMedia(fields, limits)),
  };
  top.unique(
    'snaps',
    inventory.snaps.map(({ snapId }) => snapId),
  );
  top.unique(
    'snaps',
    inventory.snaps.map(({ name }) => name),
  );
  top.unique(
    'media',
    inventory.media.map(({ digest }) => digest.hex),
  );
  return inventory;
}

function knownFormat(top: Fields, file: string): StoreInventory['format'] {
  const format = top.whole('format', 0, Number.MAX_SAFE_INTEGER);
  const known = INVENTORY_FORMATS.find((candidate) => candidate === format);
  if (known === undefined) throw new InventoryVersionUnsupportedError(file, format, INVENTORY_FORMATS);
  return known;
}

function parseSnap(fields: Fields, limits: InventoryLimits): InventorySnap {
  const snap: InventorySnap = {
    snapId: fields.parsed('snap-id', parseSnapId),
    name: fields.parsed('name', parseSnapName),
    defaultTrack: readDefaultTrack(fields),
    channelMap: fields.objects('channel-map', limits.channelMapEntriesPerSnap, parseRelease),
    revisions: fields.objects('revisions', limits.revisionsPerSnap, (one) => parseRevision(one, limits)),
    components: fields.objects('components', limits.componentsPerSnap, (one) => parseComponent(one, limits)),
  };
  checkReferences(fields, snap);
  return snap;
}

function parseRelease(fields: Fields): InventoryRelease {
  return {
    architecture: readArchitecture(fields),
    channel: readChannel(fields),
    revision: readRevision(fields),
    releasedAt: optionalMoment(fields, 'released-at'),
  };
}

function parseRevision(fields: Fields, limits: InventoryLimits): InventoryRevision {
  return {
    revision: readRevision(fields),
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.fileBytes),
    version: fields.text('version', 100),
    architectures: readArchitectures(fields),
    components: readPairs(fields, limits.componentsPerSnap),
  };
}

function parseComponent(fields: Fields, limits: InventoryLimits): InventoryComponent {
  return {
    name: fields.parsed('name', parseSnapName),
    revision: readRevision(fields),
    digest: readDigest(fields),
    size: fields.whole('size', 1, limits.fileBytes),
  };
}

function parseMedia(fields: Fields, limits: InventoryLimits): InventoryMedia {
  return { digest: readDigest(fields), size: fields.whole('size', 1, limits.fileBytes) };
}

/** Nothing twice, and nothing released or paired that is not held. */
function checkReferences(fields: Fields, { channelMap, revisions, components }: InventorySnap): void {
  const held = revisions.map(({ revision }) => String(revision));
  const heldComponents = components.map(({ name, revision }) => `${name} ${revision}`);
  fields.unique('revisions', held);
  fields.unique('components', heldComponents);
  fields.unique(
    'channel-map',
    channelMap.map(({ architecture, channel }) => `${architecture} ${channel.toString()}`),
  );
  const isHeld = new Set(held);
  const stray = channelMap.find(({ revision }) => !isHeld.has(String(revision)));
  if (stray !== undefined) {
    fields.refuse('channel-map', `has revision ${stray.revision} on ${stray.channel.toString()}, which is not held`);
  }
  const isHeldComponent = new Set(heldComponents);
  for (const { revision, components: pairs } of revisions) {
    const missing = pairs.find((pair) => !isHeldComponent.has(`${pair.name} ${pair.revision}`));
    if (missing !== undefined) {
      const component = `component ${missing.name} (${missing.revision})`;
      fields.refuse('revisions', `pairs revision ${revision} with ${component}, which is not held`);
    }
  }
}

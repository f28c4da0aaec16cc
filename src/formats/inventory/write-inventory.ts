import { canonicalJson, type Json, type ManifestSigner, signDocument } from '../bundle/index.js';
import {
  INVENTORY_TYPE,
  type InventoryComponent,
  type InventoryRevision,
  type InventorySnap,
  type StoreInventory,
} from './inventory.js';
import { readInventory } from './read-inventory.js';

/**
 * The bytes of an inventory: a line of canonical JSON, and its signature in a second line. What is written is read back first:
 * nothing leaves that a reader would refuse.
 * @param signer null: the inventory is unsigned, and has one line
 * @throws InventoryInvalidError naming the field
 */
export async function writeInventory(inventory: StoreInventory, signer: ManifestSigner | null): Promise<Buffer> {
  const line = Buffer.from(canonicalJson(toJson(inventory)), 'utf8');
  const bytes = signer === null ? line : Buffer.concat([line, await signDocument(line, signer)]);
  readInventory(bytes, 'the inventory to be written');
  return bytes;
}

function toJson(inventory: StoreInventory): Json {
  return {
    type: INVENTORY_TYPE,
    format: inventory.format,
    created: inventory.created,
    tool: { name: inventory.tool.name, version: inventory.tool.version },
    'store-id': inventory.storeId,
    snaps: inventory.snaps.map(snapToJson).sort(by((snap) => snap['snap-id'])),
    media: inventory.media
      .map(({ digest, size }) => ({ 'sha3-384': digest.hex, size }))
      .sort(by((one) => one['sha3-384'])),
  };
}

function snapToJson(snap: InventorySnap) {
  return {
    'snap-id': snap.snapId,
    name: snap.name,
    'default-track': snap.defaultTrack,
    'channel-map': snap.channelMap
      .map(({ architecture, channel, revision, releasedAt }) => {
        return { architecture, channel: channel.toString(), revision, 'released-at': releasedAt };
      })
      .sort(by(({ architecture, channel }) => `${architecture} ${channel}`)),
    revisions: snap.revisions.map(revisionToJson).sort(by(({ revision }) => ranked(revision))),
    components: snap.components.map(componentToJson).sort(by(({ name, revision }) => `${name} ${ranked(revision)}`)),
  };
}

function revisionToJson({ revision, digest, size, version, architectures, components }: InventoryRevision) {
  return {
    revision,
    'sha3-384': digest.hex,
    size,
    version,
    architectures: [...architectures].sort(),
    components: components.map((pair) => ({ name: pair.name, revision: pair.revision })).sort(by(({ name }) => name)),
  };
}

function componentToJson({ name, revision, digest, size }: InventoryComponent) {
  return { name, revision, 'sha3-384': digest.hex, size };
}

function by<T>(key: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => {
    const [first, second] = [key(one), key(other)];
    return first < second ? -1 : first > second ? 1 : 0;
  };
}

/** A number that sorts as text. */
function ranked(value: number): string {
  return String(value).padStart(12, '0');
}

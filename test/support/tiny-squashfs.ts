/** A file to put into an image; parent folders come by themselves. */
export type TinyFiles = Readonly<Record<string, string | Buffer>>;

interface Node {
  readonly name: string;
  readonly content: Buffer | null;
  readonly children: Node[];
  number: number;
  inodeOffset: number;
}

const SUPERBLOCK_BYTES = 96;
const BLOCK_BYTES = 131_072;
const MAX_METADATA_BYTES = 8192;
const UNCOMPRESSED_METADATA = 0x8000;
const UNCOMPRESSED_DATA = 1 << 24;
const NONE = 0xffff_ffff_ffff_ffffn;
/** Nothing compressed, no fragments, no extended attributes. */
const FLAGS = 0x1 | 0x2 | 0x8 | 0x10 | 0x200 | 0x800;

/**
 * A squashfs 4.0 image of a few small files, written by hand so that tests need no mksquashfs (Linux: fs/squashfs/squashfs_fs.h
 * has the layout). `unsquashfs` reads it. What is asked for beyond the image's own size is noise behind its end.
 */
export function tinySquashfs(files: TinyFiles, { sizeBytes = 0 }: { readonly sizeBytes?: number } = {}): Buffer {
  const root = treeOf(files);
  const nodes = bottomUp(root);
  nodes.forEach((node, index) => (node.number = index + 1));
  const data: Buffer[] = [];
  const inodes: Buffer[] = [];
  const listings: Buffer[] = [];
  let dataAt = SUPERBLOCK_BYTES;
  let inodeAt = 0;
  let listingAt = 0;
  for (const node of nodes) {
    node.inodeOffset = inodeAt;
    let inode: Buffer;
    if (node.content !== null) {
      inode = fileInode(node, dataAt);
      data.push(node.content);
      dataAt += node.content.length;
    } else {
      const listing = listingOf(node);
      inode = folderInode(node, listing.length, listingAt, parentNumber(node, nodes));
      listings.push(listing);
      listingAt += listing.length;
    }
    inodes.push(inode);
    inodeAt += inode.length;
  }
  const inodeTable = metadata(Buffer.concat(inodes));
  const folderTable = metadata(Buffer.concat(listings));
  const ids = metadata(Buffer.alloc(4));
  const inodeStart = dataAt;
  const folderStart = inodeStart + inodeTable.length;
  const idBlock = folderStart + folderTable.length;
  const idPointers = idBlock + ids.length;
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(idBlock));
  const used = idPointers + pointer.length;
  const superblock = superblockOf({ nodes: nodes.length, root, used, idPointers, inodeStart, folderStart });
  const image = Buffer.concat([superblock, ...data, inodeTable, folderTable, ids, pointer]);
  const padding = Math.max(sizeBytes - image.length, (4096 - (image.length % 4096)) % 4096);
  return Buffer.concat([image, noise(padding)]);
}

function treeOf(files: TinyFiles): Node {
  const root: Node = { name: '', content: null, children: [], number: 0, inodeOffset: 0 };
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/');
    let folder = root;
    for (const [index, name] of parts.entries()) {
      const isFile = index === parts.length - 1;
      let node = folder.children.find((child) => child.name === name);
      if (node === undefined) {
        node = { name, content: isFile ? Buffer.from(content) : null, children: [], number: 0, inodeOffset: 0 };
        folder.children.push(node);
      }
      folder = node;
    }
  }
  return root;
}

function bottomUp(node: Node): Node[] {
  node.children.sort((left, right) => (left.name < right.name ? -1 : 1));
  return [...node.children.flatMap(bottomUp), node];
}

function parentNumber(node: Node, nodes: readonly Node[]): number {
  return nodes.find(({ children }) => children.includes(node))?.number ?? nodes.length + 1;
}

function inodeHeader(type: number, mode: number, number: number, bytes: number): Buffer {
  const inode = Buffer.alloc(bytes);
  inode.writeUInt16LE(type, 0);
  inode.writeUInt16LE(mode, 2);
  inode.writeUInt32LE(number, 12);
  return inode;
}

function fileInode({ number, content }: Node, dataAt: number): Buffer {
  const size = content?.length ?? 0;
  const blocks = Math.ceil(size / BLOCK_BYTES);
  const inode = inodeHeader(2, 0o644, number, 32 + 4 * blocks);
  inode.writeUInt32LE(dataAt, 16);
  inode.writeUInt32LE(0xffff_ffff, 20);
  inode.writeUInt32LE(size, 28);
  for (let block = 0; block < blocks; block++) {
    const length = Math.min(BLOCK_BYTES, size - block * BLOCK_BYTES);
    inode.writeUInt32LE(length | UNCOMPRESSED_DATA, 32 + 4 * block);
  }
  return inode;
}

function folderInode({ number, children }: Node, listingBytes: number, listingAt: number, parent: number): Buffer {
  const inode = inodeHeader(1, 0o755, number, 32);
  inode.writeUInt32LE(2 + children.filter(({ content }) => content === null).length, 20);
  inode.writeUInt16LE(listingBytes + 3, 24);
  inode.writeUInt16LE(listingAt, 26);
  inode.writeUInt32LE(parent, 28);
  return inode;
}

function listingOf({ children }: Node): Buffer {
  if (children.length === 0) return Buffer.alloc(0);
  const base = children[0]?.number ?? 0;
  const header = Buffer.alloc(12);
  header.writeUInt32LE(children.length - 1, 0);
  header.writeUInt32LE(base, 8);
  const entries = children.map(({ name, content, number, inodeOffset }) => {
    const entry = Buffer.alloc(8 + name.length);
    entry.writeUInt16LE(inodeOffset, 0);
    entry.writeInt16LE(number - base, 2);
    entry.writeUInt16LE(content === null ? 1 : 2, 4);
    entry.writeUInt16LE(name.length - 1, 6);
    entry.write(name, 8, 'latin1');
    return entry;
  });
  return Buffer.concat([header, ...entries]);
}

function metadata(bytes: Buffer): Buffer {
  if (bytes.length > MAX_METADATA_BYTES) throw new RangeError('too many files for a tiny image');
  const header = Buffer.alloc(2);
  header.writeUInt16LE(bytes.length | UNCOMPRESSED_METADATA);
  return Buffer.concat([header, bytes]);
}

interface Layout {
  readonly nodes: number;
  readonly root: Node;
  readonly used: number;
  readonly idPointers: number;
  readonly inodeStart: number;
  readonly folderStart: number;
}

function superblockOf({ nodes, root, used, idPointers, inodeStart, folderStart }: Layout): Buffer {
  const block = Buffer.alloc(SUPERBLOCK_BYTES);
  block.write('hsqs', 0, 'latin1');
  block.writeUInt32LE(nodes, 4);
  block.writeUInt32LE(BLOCK_BYTES, 12);
  block.writeUInt16LE(1, 20);
  block.writeUInt16LE(Math.log2(BLOCK_BYTES), 22);
  block.writeUInt16LE(FLAGS, 24);
  block.writeUInt16LE(1, 26);
  block.writeUInt16LE(4, 28);
  block.writeBigUInt64LE(BigInt(root.inodeOffset), 32);
  block.writeBigUInt64LE(BigInt(used), 40);
  block.writeBigUInt64LE(BigInt(idPointers), 48);
  block.writeBigUInt64LE(NONE, 56);
  block.writeBigUInt64LE(BigInt(inodeStart), 64);
  block.writeBigUInt64LE(BigInt(folderStart), 72);
  block.writeBigUInt64LE(NONE, 80);
  block.writeBigUInt64LE(NONE, 88);
  return block;
}

function noise(bytes: number): Buffer {
  const pattern = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + (index >> 4)) & 0xff));
  return Buffer.alloc(bytes, pattern);
}

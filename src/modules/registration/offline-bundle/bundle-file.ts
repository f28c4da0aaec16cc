import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import type { TarWriter } from '../../../formats/bundle/tar-writer.js';
import type { ArchitectureParts } from './architectures.js';
import { BundleIndex, type BundleFacts, MANIFEST_FILE, SUMS_DIGEST_FILE, SUMS_FILE } from './bundle-index.js';
import { databaseLinks, isDatabaseLinks, type MachineParts, type MemberLink } from './machine-parts.js';
import { EXECUTABLE, type Member, textMember } from './member.js';
import { ProgramNotPackableError } from './offline-bundle.errors.js';
import type { ProgramTree } from './program-tree.js';

/** The folder that a bundle unpacks to. */
export const BUNDLE_FOLDER = 'offline-snap-store';
export const LINKS_FILE = 'links';

const CHUNK_BYTES = 256 * 1024;
/** What zlib makes of the same bytes at this level does not depend on how they come in pieces. */
const GZIP_LEVEL = 6;
/** What the ustar header takes, its prefix included; nothing but plain headers is written. */
const LONGEST_PATH_BYTES = 250;
/** What sh, tar and sha256sum all read as it stands: single spaces inside are as much as that takes. */
const PLAIN_PATH = /^[\x21-\x5b\x5d-\x7e]+(?: [\x21-\x5b\x5d-\x7e]+)*$/;
const BUNDLE_MODE = 0o600;

export interface WriteBundleInput {
  /** The file to write; what is there is replaced once the new one is whole. */
  readonly output: string;
  readonly architecture: ArchitectureParts;
  readonly program: ProgramTree;
  readonly machine: MachineParts;
  /** The folder of our own package.json. */
  readonly root: string;
  /** Files that are this registration's alone, such as its bundle and its assertions. */
  readonly own: readonly Member[];
  readonly facts: BundleFacts;
  readonly onProgress: (doneBytes: number) => void;
  readonly signal: AbortSignal;
}

export interface WrittenBundle {
  readonly path: string;
  readonly sha256Hex: string;
  readonly sizeBytes: number;
}

/**
 * Writes the file that a closed machine is set up from: program, runtime, database, registration and installer, with the digest
 * of each. Every file is read once, in pieces; the file appears whole or not at all, with its own digest beside it.
 */
export async function writeBundleFile(input: WriteBundleInput): Promise<WrittenBundle> {
  const path = resolve(input.output);
  const [file, sums] = [temporary(path), temporary(`${path}.sha256`)];
  try {
    const { sha256Hex, sizeBytes } = await writeArchive(input, file);
    await writeSmall(sums, `${sha256Hex}  ${basename(path)}\n`);
    input.signal.throwIfAborted();
    await rename(file, path);
    await rename(sums, `${path}.sha256`);
    await sync(dirname(path));
    return { path, sha256Hex, sizeBytes };
  } finally {
    await rm(file, { force: true });
    await rm(sums, { force: true });
  }
}

async function writeArchive(
  input: WriteBundleInput,
  file: string,
): Promise<{ readonly sha256Hex: string; readonly sizeBytes: number }> {
  const { TarWriter } = await import('../../../formats/bundle/tar-writer.js');
  const tar = new TarWriter();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const writing = pipeline(
    tar.bytes,
    createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }),
    measure,
    createWriteStream(file, { flags: 'wx', mode: BUNDLE_MODE }),
    { signal: input.signal },
  );
  const feeding = new Feeding(tar, input).run().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    await writing;
  } finally {
    tar.destroy();
    await feeding;
  }
  await sync(file);
  return { sha256Hex: hash.digest('hex'), sizeBytes };
}

/** Hands all files to the archive, one after the other, and their digests at the end. */
class Feeding {
  private readonly index = new BundleIndex();
  private readonly links: MemberLink[] = [];
  private doneBytes = 0;

  constructor(
    private readonly tar: TarWriter,
    private readonly input: WriteBundleInput,
  ) {}

  async run(): Promise<void> {
    const { machine, program, own, facts } = this.input;
    for await (const member of this.installer()) await this.add(member);
    for (const member of own) await this.add(member);
    for await (const member of machine.runtime.members()) await this.add(member);
    for await (const member of program.members()) await this.add(member);
    for await (const member of machine.database.members()) await this.add(await this.noteLinks(member));
    await this.add(textMember(LINKS_FILE, this.links.map(({ path, target }) => `${target} ${path}\n`).join('')));
    await this.add(textMember(MANIFEST_FILE, this.index.manifest(facts)));
    const sums = this.index.sums();
    await this.add(textMember(SUMS_FILE, sums));
    await this.add(textMember(SUMS_DIGEST_FILE, `${createHash('sha256').update(sums).digest('hex')}  ${SUMS_FILE}\n`));
    this.tar.finish();
  }

  /** Says what it is for in its own words, so that it needs no tool to read the manifest with. */
  private async *installer(): AsyncGenerator<Member> {
    const { root, architecture, program, facts } = this.input;
    const script = await readFile(join(root, 'packaging/install.sh'), 'utf8');
    const filled = script
      .replaceAll('@VERSION@', program.version)
      .replaceAll('@ARCHITECTURE@', architecture.architecture)
      .replaceAll('@MACHINE@', architecture.machine)
      .replaceAll('@SEALED@', facts.isSealed ? 'yes' : 'no');
    yield textMember('install.sh', filled, EXECUTABLE);
    const command = await readFile(join(root, 'packaging/snap-store-proxy.sh'), 'utf8');
    yield textMember('bin/snap-store-proxy', command, EXECUTABLE);
  }

  private async noteLinks(member: Member): Promise<Member> {
    if (!isDatabaseLinks(member.path)) return member;
    const chunks: Uint8Array[] = [];
    for await (const chunk of member.content()) chunks.push(chunk);
    const list = Buffer.concat(chunks);
    this.links.push(...databaseLinks(this.input.architecture, list.toString('utf8')));
    return textMember(member.path, list, member.mode);
  }

  private async add(member: Member): Promise<void> {
    const path = `${BUNDLE_FOLDER}/${member.path}`;
    if (!PLAIN_PATH.test(path) || path.length > LONGEST_PATH_BYTES) {
      throw new ProgramNotPackableError(`${member.path} cannot be carried under that name`, { path: member.path });
    }
    const hash = createHash('sha256');
    await this.tar.add(path, member.sizeBytes, this.hashed(member, hash), member.mode);
    const { sizeBytes, mode } = member;
    this.index.add({ path: member.path, sizeBytes, mode, sha256Hex: hash.digest('hex') });
  }

  private async *hashed(member: Member, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
    let seen = 0;
    for await (const chunk of member.content()) {
      this.input.signal.throwIfAborted();
      seen += chunk.length;
      hash.update(chunk);
      this.input.onProgress((this.doneBytes += chunk.length));
      yield chunk;
    }
    if (seen !== member.sizeBytes) {
      throw new ProgramNotPackableError(`${member.path} changed while it was read`, { path: member.path });
    }
  }
}

async function writeSmall(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function temporary(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import { BundleDamagedError, BundleMemberRefusedError, BundleUnreadableError } from './errors.js';
import { MEMBER_FOLDERS, type DeclaredMember } from './members.js';
import {
  readMembers,
  type BundlePart,
  type MemberSource,
  type ReadBundleOptions,
  type SourceMember,
} from './reader.js';

/** Fewer, larger reads: each costs a trip to a thread. */
export const READ_BYTES = 1024 * 1024;

/**
 * Reads a bundle that was unpacked into a folder, under the same rules as `readBundle`: the same members and no others, each
 * a regular file. Links are refused, so that a carried folder cannot make the store read something of its own machine.
 * @throws BundleError of the fitting kind; the signal's reason when aborted
 */
export async function* readBundleFolder(folder: string, options: ReadBundleOptions): AsyncGenerator<BundlePart, void> {
  yield* readMembers(new FolderSource(folder, options), options);
}

class FolderSource implements MemberSource {
  private current: FileHandle | null = null;

  constructor(
    private readonly folder: string,
    private readonly options: ReadBundleOptions,
  ) {}

  async next(wanted: readonly string[]): Promise<SourceMember | null> {
    this.options.signal?.throwIfAborted();
    await this.close();
    for (const path of wanted) {
      const handle = await this.open(path);
      if (handle === null) continue;
      this.current = handle;
      const status = await handle.stat();
      if (!status.isFile()) throw this.refused(path, 'is not a regular file');
      return { path, size: status.size, content: this.contentOf(path, status.size, handle) };
    }
    return null;
  }

  async expect(members: readonly DeclaredMember[]): Promise<void> {
    const declared = new Set(members.map(({ path }) => path));
    for (const folder of MEMBER_FOLDERS) {
      const status = await this.statusOf(folder);
      if (status === null) continue;
      if (!status.isDirectory()) throw this.refused(folder, 'is not a folder');
      for (const name of (await readdir(join(this.folder, folder))).sort()) {
        if (!declared.has(`${folder}/${name}`))
          throw this.refused(`${folder}/${name}`, 'is not declared in bundle.json');
      }
    }
  }

  async close(): Promise<void> {
    const handle = this.current;
    this.current = null;
    await handle?.close();
  }

  private async *contentOf(path: string, size: number, handle: FileHandle): AsyncGenerator<Uint8Array> {
    let left = size;
    while (left > 0) {
      this.options.signal?.throwIfAborted();
      const { bytesRead, buffer } = await this.readable(path, () =>
        handle.read(Buffer.allocUnsafe(Math.min(READ_BYTES, left)), 0, Math.min(READ_BYTES, left)),
      );
      if (bytesRead === 0) throw new BundleDamagedError(this.place(path), 'became shorter while it was read');
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Null when there is no such file. A pipe must not block, a link must not be followed. */
  private async open(path: string): Promise<FileHandle | null> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    try {
      return await open(join(this.folder, path), flags);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      if (hasCode(error, 'ELOOP')) throw this.refused(path, 'is a symbolic link, not a regular file');
      throw this.unreadable(path, error);
    }
  }

  private async statusOf(path: string): Promise<BigIntStats | null> {
    try {
      return await lstat(join(this.folder, path), { bigint: true });
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw this.unreadable(path, error);
    }
  }

  private async readable<T>(path: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw this.unreadable(path, error);
    }
  }

  private place(member: string): { file: string; member: string } {
    return { file: this.options.file, member };
  }

  private refused(path: string, reason: string): BundleMemberRefusedError {
    return new BundleMemberRefusedError(this.place(path), reason);
  }

  private unreadable(path: string, cause: unknown): BundleUnreadableError {
    return new BundleUnreadableError(this.place(path), `cannot be read: ${messageOf(cause)}`, { cause });
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

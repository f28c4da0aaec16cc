import { access, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LineCounter, parseDocument, stringify } from 'yaml';

import { messageOf } from '../../kernel/store-error.js';
import { ensurePrivateFolder } from './private-folder.js';
import { SettingsFileError } from './config.errors.js';

/** Settings as a YAML mapping of dotted keys to scalars, read from and written to one file (0600, replaced atomically). */
export class SettingsFile {
  constructor(readonly path: string) {}

  static inDataDir(dataDir: string): SettingsFile {
    return new SettingsFile(join(dataDir, 'settings.yaml'));
  }

  /**
   * Everything in the file; nothing where there is no file. Nested mappings are read as dotted keys.
   * @throws SettingsFileError when it is there and cannot be read
   */
  async read(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw new SettingsFileError(
        `${this.path} cannot be read: ${messageOf(error)}`,
        { path: this.path },
        { cause: error },
      );
    }
    return parseSettingsYaml(text, this.path);
  }

  /** As `read`, for a file that was asked for. @throws SettingsFileError also when it is not there */
  async readNamed(): Promise<Map<string, string>> {
    try {
      await access(this.path);
    } catch (error) {
      const details = { path: this.path };
      throw new SettingsFileError(`${this.path} cannot be read: ${messageOf(error)}`, details, { cause: error });
    }
    return this.read();
  }

  /** Replaces the file by these values: at every moment the whole old one or the whole new one is there. */
  async write(values: ReadonlyMap<string, string>): Promise<void> {
    await ensurePrivateFolder(dirname(this.path));
    const temporary = `${this.path}.${process.pid}.tmp`;
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(settingsYaml(values));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(this.path));
  }

  /** Sets and, for null, takes away; what else is in the file stays. */
  async change(changes: ReadonlyMap<string, string | null>): Promise<void> {
    const values = await this.read();
    for (const [key, value] of changes) {
      if (value === null) values.delete(key);
      else values.set(key, value);
    }
    await this.write(values);
  }
}

/** One line a setting, in the order of the keys: equal settings are equal bytes. */
export function settingsYaml(values: ReadonlyMap<string, string>): string {
  return stringify(Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** @throws SettingsFileError when it is not a mapping of scalars */
export function parseSettingsYaml(text: string, name: string): Map<string, string> {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const [problem] = document.errors;
  // The parser's own words quote what they are about, and that may be a secret.
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const what = problem.code.toLowerCase().replaceAll('_', ' ');
    throw new SettingsFileError(`${name} is not YAML: ${what} at line ${line}, column ${col}`, { path: name, line });
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new SettingsFileError(`${name} uses aliases, which settings do not have`, { path: name }, { cause: error });
  }
  const values = new Map<string, string>();
  flatten(content ?? {}, '', values, name);
  return values;
}

function flatten(node: unknown, prefix: string, into: Map<string, string>, name: string): void {
  if (typeof node === 'string' || typeof node === 'number' || typeof node === 'boolean') {
    into.set(prefix, String(node));
    return;
  }
  if (node === null) return;
  if (typeof node !== 'object' || Array.isArray(node)) {
    throw new SettingsFileError(`${name}: "${prefix}" must be a text, a number or a mapping`, {
      path: name,
      key: prefix,
    });
  }
  for (const [key, value] of Object.entries(node)) flatten(value, prefix === '' ? key : `${prefix}.${key}`, into, name);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

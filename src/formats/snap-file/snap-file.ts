import {
  parseComponentYaml,
  parseSnapYaml,
  MAX_YAML_BYTES,
  type ComponentYaml,
  type SnapYaml,
} from '../snap-yaml/index.js';
import {
  INSPECTION_LIMITS,
  SquashfsLimitError,
  SquashfsReader,
  type RandomAccess,
  type SquashfsEntry,
} from '../squashfs/index.js';
import { iconMediaType, type IconMediaType } from './icon.js';

/** What a snap file says of itself. */
export interface SnapFile {
  readonly yaml: SnapYaml;
  /** `meta/snap.yaml` as it is, for the `snap-yaml` field of the store API. */
  readonly yamlText: string;
  /** Null where the snap has none that a device would take. */
  readonly icon: SnapIcon | null;
  readonly desktopFiles: readonly DesktopFile[];
}

export interface SnapIcon {
  /** In the snap: `meta/gui/icon.svg`. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly mediaType: IconMediaType;
}

export interface DesktopFile {
  /** In the snap: `meta/gui/jq.desktop`. */
  readonly path: string;
  readonly text: string;
}

/** What a component file says of itself. */
export interface ComponentFile {
  readonly yaml: ComponentYaml;
  readonly yamlText: string;
}

const GUI = 'meta/gui';
/** A device takes no larger icon (snapd: store/store_download.go). */
const MAX_ICON_BYTES = 300_000;
const MAX_DESKTOP_FILE_BYTES = 64 * 1024;
const MAX_DESKTOP_FILES = 64;
const ICON = /^icon\.[a-z]{3,4}$/;
const DESKTOP_FILE = '.desktop';

/**
 * Reads a snap's metadata out of its file, in a bounded amount of memory and work. Icons and desktop files are extras: one that is too large,
 * a link or of an unknown kind is left out; damaged data is not.
 * @throws SquashfsError where the file is damaged, cut short, or has no `meta/snap.yaml`; SnapYamlError where snapd would refuse that
 */
export async function inspectSnap(source: RandomAccess): Promise<SnapFile> {
  const reader = await SquashfsReader.open(source, INSPECTION_LIMITS);
  const bytes = await reader.readFile('meta/snap.yaml', MAX_YAML_BYTES);
  const yaml = parseSnapYaml(bytes);
  const gui = await filesOfGui(reader);
  return {
    yaml,
    yamlText: bytes.toString('utf8'),
    icon: await readIcon(reader, gui),
    desktopFiles: await readDesktopFiles(reader, gui),
  };
}

/**
 * As `inspectSnap`, for a component (`SNAP+NAME_REV.comp`).
 * @throws SquashfsError, SnapYamlError
 */
export async function inspectComponent(source: RandomAccess): Promise<ComponentFile> {
  const reader = await SquashfsReader.open(source, INSPECTION_LIMITS);
  const bytes = await reader.readFile('meta/component.yaml', MAX_YAML_BYTES);
  return { yaml: parseComponentYaml(bytes), yamlText: bytes.toString('utf8') };
}

async function filesOfGui(reader: SquashfsReader): Promise<SquashfsEntry[]> {
  const gui = await reader.lookup(GUI);
  if (gui?.kind !== 'directory') return [];
  try {
    return (await reader.list(GUI)).filter(({ inode }) => inode.kind === 'file');
  } catch (error) {
    if (error instanceof SquashfsLimitError) return [];
    throw error;
  }
}

/** The first of `icon.*` by name, as snapd finds it (snapd: snap/info.go). */
async function readIcon(reader: SquashfsReader, gui: readonly SquashfsEntry[]): Promise<SnapIcon | null> {
  const icon = gui.find(({ name }) => ICON.test(name));
  if (icon === undefined) return null;
  const path = `${GUI}/${icon.name}`;
  const bytes = await readExtra(reader, path, MAX_ICON_BYTES);
  const mediaType = bytes === null ? null : iconMediaType(bytes);
  return bytes === null || mediaType === null ? null : { path, bytes, mediaType };
}

async function readDesktopFiles(reader: SquashfsReader, gui: readonly SquashfsEntry[]): Promise<DesktopFile[]> {
  const files: DesktopFile[] = [];
  for (const { name } of gui.filter((entry) => entry.name.endsWith(DESKTOP_FILE)).slice(0, MAX_DESKTOP_FILES)) {
    const path = `${GUI}/${name}`;
    const bytes = await readExtra(reader, path, MAX_DESKTOP_FILE_BYTES);
    if (bytes !== null) files.push({ path, text: bytes.toString('utf8') });
  }
  return files;
}

async function readExtra(reader: SquashfsReader, path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    return await reader.readFile(path, maxBytes);
  } catch (error) {
    if (error instanceof SquashfsLimitError) return null;
    throw error;
  }
}

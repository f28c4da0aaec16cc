import { isSealed } from '../sealing/sealed-text.js';
import { InvalidSettingError, UnknownSettingError } from './config.errors.js';
import { environmentNameOf, environmentVariable } from './environment.js';
import { SETTING_DEFINITIONS, SETTING_KEYS, type SettingDefinition } from './setting-definitions.js';

/** Where a value comes from; the first of these that has one wins. */
export const SETTING_SOURCES = ['flag', 'environment', 'file', 'stored', 'default'] as const;
export type SettingSource = (typeof SETTING_SOURCES)[number];

export interface SettingValue {
  readonly value: string | null;
  readonly source: SettingSource;
}

export type SettingLayers = Partial<Record<'flag' | 'file' | 'stored', ReadonlyMap<string, string>>>;

/** What is shown in the place of a secret. */
export const REDACTED = '<redacted>';

const definitions = new Map(SETTING_DEFINITIONS.map((definition) => [definition.key, definition]));

/** @throws UnknownSettingError */
export function settingDefinition(key: string): SettingDefinition {
  const definition = definitions.get(key);
  if (definition === undefined) throw new UnknownSettingError(key, SETTING_KEYS);
  return definition;
}

/** @throws UnknownSettingError, InvalidSettingError */
export function checkSetting(key: string, value: string): void {
  const definition = settingDefinition(key);
  if (definition.secret === true && isSealed(value)) return;
  if (!definition.accepts(value)) throw new InvalidSettingError(key, definition.accepted);
}

/**
 * The settings in force: flag over environment over `--config` file over what is stored over the default. A view on
 * layers that are handed in; a value that its setting does not accept is refused here, whichever layer it comes from.
 */
export class Settings {
  private readonly layers: Record<'flag' | 'file' | 'stored', Map<string, string>>;

  /** @throws UnknownSettingError, InvalidSettingError naming the key */
  constructor(layers: SettingLayers) {
    this.layers = {
      flag: new Map(layers.flag ?? []),
      file: new Map(layers.file ?? []),
      stored: new Map(layers.stored ?? []),
    };
    for (const layer of [this.layers.flag, this.layers.file])
      for (const [key, value] of layer) checkSetting(key, value);
    for (const { key, managedBy } of SETTING_DEFINITIONS) {
      const value = managedBy === undefined ? environmentVariable(environmentNameOf(key)) : null;
      if (value !== null) checkSetting(key, value);
    }
  }

  get(key: string): string | null {
    return this.lookup(key).value;
  }

  flag(key: string): boolean {
    return this.get(key) === 'true';
  }

  list(key: string): string[] {
    return (this.get(key) ?? '').split(',').filter((item) => item !== '');
  }

  lookup(key: string): SettingValue {
    const definition = settingDefinition(key);
    const candidates: [SettingSource, string | null | undefined][] = [
      ['flag', this.layers.flag.get(key)],
      ['environment', environmentVariable(environmentNameOf(key))],
      ['file', this.layers.file.get(key)],
      ['stored', this.layers.stored.get(key)],
    ];
    // What another room keeps is stored, or it is not set.
    if (definition.managedBy !== undefined) candidates.splice(0, 3);
    for (const [source, value] of candidates) if (value !== undefined && value !== null) return { value, source };
    return { value: definition.defaultValue(), source: 'default' };
  }

  /** As `get`, with the secret inside hidden. */
  redacted(key: string): string | null {
    const value = this.get(key);
    return value === null ? null : this.redact(key, value);
  }

  /** A value as it may be shown. */
  redact(key: string, value: string): string {
    const { secret, redact } = settingDefinition(key);
    return secret === true ? REDACTED : (redact?.(value) ?? value);
  }

  /** What is stored, whatever is in force. */
  stored(): ReadonlyMap<string, string> {
    return new Map(this.layers.stored);
  }

  /** Takes over all that the database holds; DATA/settings.yaml keeps its own keys. */
  replaceStored(values: ReadonlyMap<string, string>): void {
    for (const { key, bootstrap } of SETTING_DEFINITIONS) {
      if (bootstrap !== true) this.changeStored(key, values.get(key) ?? null);
    }
  }

  /** Takes over a change while running; null takes the stored value away. */
  changeStored(key: string, value: string | null): void {
    settingDefinition(key);
    if (value === null) this.layers.stored.delete(key);
    else this.layers.stored.set(key, value);
  }
}

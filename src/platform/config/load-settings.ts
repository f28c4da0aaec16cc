import { checkSetting, Settings } from './settings.js';
import { SettingsFile } from './settings-file.js';

export interface SettingsInput {
  readonly dataDir: string;
  /** The path of `--config FILE`, or what was read from it; null where it was not given. */
  readonly configFile: string | ReadonlyMap<string, string> | null;
  readonly flags: ReadonlyMap<string, string>;
}

/**
 * The settings as far as they are known without a database: flags, environment, `--config` file and DATA/settings.yaml.
 * @throws SettingsFileError, UnknownSettingError, InvalidSettingError
 */
export async function loadBootstrapSettings(input: SettingsInput): Promise<Settings> {
  const stored = await SettingsFile.inDataDir(input.dataDir).read();
  for (const [key, value] of stored) checkSetting(key, value);
  const file =
    typeof input.configFile === 'string' ? await new SettingsFile(input.configFile).readNamed() : input.configFile;
  return new Settings({ flag: input.flags, stored, ...(file === null ? {} : { file }) });
}

import { StoreError } from '../../kernel/store-error.js';

export class UnknownSettingError extends StoreError {
  readonly code = 'unknown-setting';

  constructor(key: string, known: readonly string[]) {
    super(`there is no setting "${key.slice(0, 80)}"; the settings are: ${known.join(', ')}`, {
      key: key.slice(0, 80),
    });
  }
}

export class InvalidSettingError extends StoreError {
  readonly code = 'invalid-setting';

  constructor(key: string, accepted: string) {
    super(`${key} does not take this value; accepted: ${accepted}`, { key, accepted });
  }
}

export class SettingsFileError extends StoreError {
  readonly code = 'settings-file-unreadable';
}

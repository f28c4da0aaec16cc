import { StoreError } from '../../kernel/store-error.js';

/** snap.yaml or component.yaml says something that snapd would refuse. `details.key` names the key: `apps.jq.aliases`. */
export class SnapYamlError extends StoreError {
  readonly code = 'invalid-snap-yaml';

  constructor(file: string, key: string, reason: string) {
    super(key === '' ? `${file} ${reason}` : `${file}: "${key}" ${reason}`, { file, key });
  }
}

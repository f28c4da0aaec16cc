import type { Settings } from '../../../platform/config/settings.js';
import { parseConnectionUri, serversOf } from '../../../platform/database/connection.js';
import type { Destination } from '../../../platform/egress/index.js';

/** What a store in air-gapped mode talks to: the networks of its devices, and the servers that are configured for it. */
export function closedNetwork(settings: Settings): [deviceNetworks: string[], servers: Destination[]] {
  const database = settings.get('proxy.db.connection');
  return [
    settings.list('proxy.policy.device-networks'),
    database === null ? [] : serversOf(parseConnectionUri(database)),
  ];
}

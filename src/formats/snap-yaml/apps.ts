import type { Fields } from './fields.js';

export interface SnapApp {
  readonly name: string;
  /** Names under which old snaps offer the app; newer ones leave that to the snap-declaration. */
  readonly aliases: readonly string[];
  /** The AppStream id that a software centre knows the app by. */
  readonly commonId: string | null;
  /** `simple`, `oneshot`, `notify` …; null for what is no service. */
  readonly daemon: string | null;
}

// snapd: snap/naming/validate.go
const APP = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
const ALIAS = /^[a-zA-Z0-9][-_.a-zA-Z0-9]*$/;

export function readApps(apps: Fields): SnapApp[] {
  const read = apps.names().map((name) => {
    if (!APP.test(name)) throw apps.refusal(name, 'cannot be the name of an app');
    const app = apps.fields(name);
    const aliases = app.texts('aliases');
    const bad = aliases.find((alias) => !ALIAS.test(alias));
    if (bad !== undefined) throw app.refusal('aliases', `cannot have ${JSON.stringify(bad.slice(0, 60))}`);
    return { name, aliases, commonId: app.text('common-id'), daemon: app.text('daemon') };
  });
  refuseSecond(
    apps,
    read.flatMap((app) => app.aliases.map((alias) => [app.name, alias] as const)),
    'alias',
  );
  refuseSecond(
    apps,
    read.flatMap((app) => (app.commonId === null ? [] : [[app.name, app.commonId] as const])),
    'common-id',
  );
  return read;
}

function refuseSecond(apps: Fields, uses: readonly (readonly [app: string, name: string])[], what: string): void {
  const owners = new Map<string, string>();
  for (const [app, name] of uses) {
    const owner = owners.get(name);
    if (owner !== undefined)
      throw apps.refusal(app, `has the ${what} ${JSON.stringify(name.slice(0, 60))} of ${owner}`);
    owners.set(name, app);
  }
}

import type { Assertion } from '../../../formats/assertion/index.js';
import { parseSnapYaml, type SnapYaml } from '../../../formats/snap-yaml/index.js';

/** What a snap puts on the path of a device's users, for "command not found" (snapd: advisor, store/store.go, decodeCatalog). */
export interface SnapCommands {
  /** Without services: nobody types them. */
  readonly apps: readonly string[];
  /** Short names that a device sets up by itself, and the app that each stands for. */
  readonly aliases: readonly { readonly name: string; readonly target: string }[];
}

/**
 * @param declaration says which aliases are given out without asking: all by itself, or, of long ago, by the names that the apps
 *   wish for (snapd: overlord/snapstate/aliasesv2.go)
 */
export function commandsOf(snapYaml: string, declaration: Assertion | null): SnapCommands {
  const apps = appsOf(snapYaml).filter(({ daemon }) => daemon === null);
  const names = new Set(apps.map(({ name }) => name));
  const targets = new Map<string, string>();
  const auto = new Set(textsOf(declaration?.headers['auto-aliases']));
  for (const app of apps) for (const alias of app.aliases) if (auto.has(alias)) targets.set(alias, app.name);
  for (const { name, target } of aliasMaps(declaration?.headers.aliases))
    if (names.has(target)) targets.set(name, target);
  return { apps: [...names], aliases: [...targets].map(([name, target]) => ({ name, target })) };
}

/** The file was read in full when it was imported; one that a stricter program would refuse has no commands. */
function appsOf(snapYaml: string): SnapYaml['apps'] {
  try {
    return parseSnapYaml(Buffer.from(snapYaml)).apps;
  } catch {
    return [];
  }
}

function textsOf(header: unknown): string[] {
  return Array.isArray(header) ? header.filter((item) => typeof item === 'string') : [];
}

function aliasMaps(header: unknown): { name: string; target: string }[] {
  if (!Array.isArray(header)) return [];
  return header.flatMap((item: unknown) => {
    const { name, target } = (item ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && typeof target === 'string' ? [{ name, target }] : [];
  });
}

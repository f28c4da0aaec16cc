/** Ubuntu Core has no shells to log in to that would ask the store themselves, and no folder for their settings. */
export const DEVICES = ['classic', 'core'] as const;
export type DeviceKind = (typeof DEVICES)[number];

export interface StoreToUse {
  /** Without a slash at the end. */
  readonly url: string;
  /** Null where no assertion makes it a store of its own: then snapd is told the URL by its environment. */
  readonly assertion: {
    readonly storeId: string;
    /** The store assertion and what it needs, as `snap ack` takes it. */
    readonly stream: string;
  } | null;
  /** What the device has to trust to speak HTTPS with it; null where it knows that already. */
  readonly caPem: string | null;
}

const DROP_IN = '/etc/systemd/system/snapd.service.d/snap-store-proxy.conf';
const PROFILE = '/etc/profile.d/snap-store-proxy.sh';
/** snapd's setting for a certificate that it trusts for stores alone (overlord/configstate/configcore/certs.go). */
const CERTIFICATE = 'store-certs.snap-store-proxy';

/**
 * A script for a POSIX shell that points a device's snapd at a store, and takes that back with `undo`. Running it again changes
 * nothing. Whatever is in the values stays a value: nothing of it is read by the shell.
 */
export function setupScript(device: DeviceKind, store: StoreToUse): string {
  const url = new URL(store.url).href.replace(/\/+$/, '');
  return `${[
    head(url, store),
    `STORE_URL=${quoted(url)}`,
    `STORE_ID=${quoted(store.assertion?.storeId ?? '')}`,
    `DROP_IN=${DROP_IN}`,
    ...(device === 'classic' ? [`PROFILE=${PROFILE}`] : []),
    '',
    HELPERS,
    ...(store.caPem === null ? [] : [printer('authority', store.caPem)]),
    ...(store.assertion === null ? [] : [printer('assertions', store.assertion.stream)]),
    printer('drop_in', `[Service]\nEnvironment="SNAPPY_FORCE_API_URL=${forSystemd(url)}"`),
    ...(device === 'classic' ? [printer('profile', `export SNAPPY_FORCE_API_URL=${quoted(url)}`)] : []),
    apply(device, store),
    undo(device),
    MAIN,
  ].join('\n')}\n`;
}

function head(url: string, { assertion }: StoreToUse): string {
  const how = assertion === null ? 'by the environment of snapd' : 'by its store assertion';
  return `#!/bin/sh
# Points this device at the snap store at ${url}, ${how}.
#   sudo sh FILE         does it; done already, it changes nothing
#   sudo sh FILE undo    takes it back
set -eu
`;
}

const HELPERS = `fail() {
  echo "client-config: $*" >&2
  exit 1
}

say() {
  echo "client-config: $*"
}

# The value of a setting of snapd; nothing where it is not set.
setting() {
  snap get system "$1" 2>/dev/null || true
}

# Whether a file does not hold what a function prints.
differs() {
  [ ! -f "$1" ] || [ "$(cat "$1")" != "$("$2")" ]
}

write() {
  mkdir -p "$(dirname "$1")"
  "$2" >"$1.new"
  chmod 0644 "$1.new"
  mv "$1.new" "$1"
}

restart_snapd() {
  say 'snapd starts anew with the changed environment'
  systemctl daemon-reload
  systemctl restart snapd.service
}
`;

function apply(device: DeviceKind, { assertion, caPem }: StoreToUse): string {
  const steps = [
    ...(caPem === null ? [] : [TRUST]),
    assertion === null ? BY_ENVIRONMENT : BY_ASSERTION,
    // `snap download` and the like speak with the store themselves, and never ask snapd which it is.
    ...(device === 'classic' ? [TELL_SHELLS] : []),
    '  say "this device uses the store at $STORE_URL"',
  ];
  return `apply() {\n${steps.join('\n')}\n}\n`;
}

const TRUST = `  if [ "$(setting ${CERTIFICATE})" != "$(authority)" ]; then
    snap set system ${CERTIFICATE}="$(authority)"
    say "snapd trusts the store's certificates"
  fi`;

const REMOVE_DROP_IN = `  if [ -f "$DROP_IN" ]; then
    rm -f "$DROP_IN"
    restart_snapd
  fi`;

const BY_ASSERTION = `  assertions | snap ack /dev/stdin
  if [ "$(setting proxy.store)" != "$STORE_ID" ]; then
    snap set system proxy.store="$STORE_ID"
    say "snapd uses the store $STORE_ID"
  fi
${REMOVE_DROP_IN}`;

const TELL_SHELLS = `  if differs "$PROFILE" profile; then
    write "$PROFILE" profile
    say "login shells know the store too, by $PROFILE"
  fi`;

const BY_ENVIRONMENT = `  other=$(setting proxy.store)
  if [ -n "$other" ]; then
    snap unset system proxy.store
    say "snapd used the store $other, which would have come first; it does no more"
  fi
  if differs "$DROP_IN" drop_in; then
    write "$DROP_IN" drop_in
    restart_snapd
  fi`;

function undo(device: DeviceKind): string {
  return `undo() {
  if [ -n "$STORE_ID" ] && [ "$(setting proxy.store)" = "$STORE_ID" ]; then snap unset system proxy.store; fi
  if [ -n "$(setting ${CERTIFICATE})" ]; then snap unset system ${CERTIFICATE}; fi
${device === 'classic' ? '  rm -f "$PROFILE"\n' : ''}${REMOVE_DROP_IN}
  say "this device does not use the store at $STORE_URL any more"
}
`;
}

const MAIN = `command -v snap >/dev/null || fail 'there is no snap command on this device'
[ "$(id -u)" -eq 0 ] || fail 'only root may do this: sudo sh FILE'
case "\${1:-apply}" in
  apply | undo) "\${1:-apply}" ;;
  *) fail 'the only argument is undo' ;;
esac`;

/** A function that prints a text as it is, up to one line end at its end. */
function printer(name: string, text: string): string {
  const lines = text.trimEnd().split('\n');
  let end = `END_OF_${name.toUpperCase()}`;
  while (lines.includes(end)) end += '_';
  return `${name}() {\n  cat <<'${end}'\n${lines.join('\n')}\n${end}\n}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Inside double quotes (systemd.exec(5), systemd.unit(5)). */
function forSystemd(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
}

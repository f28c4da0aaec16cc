/** The only place where the process environment is read; everything else is handed a value. */
export function environmentVariable(name: string): string | null {
  const value = process.env[name];
  return value === undefined || value === '' ? null : value;
}

/** `proxy.port.http` is `PROXY_PORT_HTTP` in the environment. */
export function environmentNameOf(settingKey: string): string {
  return settingKey.toUpperCase().replace(/[.-]/g, '_');
}

/** What a package manager may be told: where it finds itself, its settings, and the way out; none of our own secrets. */
const FOR_PACKAGE_MANAGERS =
  /^(?:PATH|HOME|USER|LANG|LC_ALL|TMPDIR|TERM|XDG_[A-Z_]+|npm_config_.+|https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR))$/i;

/** The part of the environment that a child process which fetches packages gets. */
export function packageManagerEnvironment(): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && FOR_PACKAGE_MANAGERS.test(name)) given[name] = value;
  }
  return given;
}

/** Ours, and what our commands are given secrets in. Whatever else there is may be how a module finds its device. */
const OWN = /^(?:PROXY_|SNAP_STORE_|SNAPSTORE_|SNAP_PROXY_|UBUNTU_STORE_|BRAND_|MODEL_|PG|NODE_)/;

/** The environment for a child process that loads a vendor's cryptographic module, without our own settings and secrets. */
export function cryptographicModuleEnvironment(): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !OWN.test(name)) given[name] = value;
  }
  return given;
}

/** The only place where the process environment is read; everything else is handed a value. */
export function environmentVariable(name: string): string | null {
  const value = process.env[name];
  return value === undefined || value === '' ? null : value;
}

/** `proxy.port.http` is `PROXY_PORT_HTTP` in the environment. */
export function environmentNameOf(settingKey: string): string {
  return settingKey.toUpperCase().replace(/[.-]/g, '_');
}

/** Sections with their keys, as Python's configparser writes them. Lines that are neither are passed over. */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^\s*([a-z_]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      current = sections.get(section) ?? new Map<string, string>();
      sections.set(section, current);
    } else if (key !== undefined && value !== undefined) {
      current?.set(key, value);
    }
  }
  return sections;
}

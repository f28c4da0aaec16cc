/**
 * `Retry-After` in milliseconds from now: seconds, or a date (RFC 9110, section 10.2.3). Null where it is absent or neither.
 */
export function retryAfter(header: string | null, now = new Date()): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

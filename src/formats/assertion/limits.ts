/** snapd's limits (asserts/asserts.go). */
export const MAX_HEADERS_BYTES = 128 * 1024;
/** Of every type but repairs, which may be larger. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const MAX_SIGNATURE_BYTES = 128 * 1024;

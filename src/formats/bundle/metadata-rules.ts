/** Lengths in UTF-16 units, numbers of entries: what the online store allows and some. */
export const METADATA_LIMITS = {
  title: 200,
  summary: 1000,
  description: 65_536,
  license: 2000,
  link: 2000,
  linkKinds: 50,
  linksPerKind: 100,
  categories: 100,
  media: 100,
  displayName: 200,
} as const;

/** A kind of link, of picture or of validation. */
export const METADATA_WORD = /^[a-z][a-z0-9_-]{0,39}$/;
export const CATEGORY_NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
export const ACCOUNT_ID = /^[a-zA-Z0-9-]{1,64}$/;
export const USERNAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** RFC 3339, as the online store writes moments (with fractions and an offset). */
export const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Control characters other than tab, line feed and carriage return; surrogates without their other half. */
export const FORBIDDEN_IN_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** Links end up on devices' terminals and in browsers: only schemes that run nothing. */
export function isHarmlessLink(url: string): boolean {
  return /^(?:https?:\/\/|mailto:)[^\s"<>\\^`{|}]+$/i.test(url) && URL.canParse(url);
}

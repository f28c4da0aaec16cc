import type { BundleSnapMetadata } from '../../formats/bundle/index.js';
import type { SnapMedia, SnapMetadata } from '../catalog/index.js';

/** What a bundle says of a snap, in the shape that the catalog keeps. */
export function toSnapMetadata(metadata: BundleSnapMetadata, media: readonly SnapMedia[]): SnapMetadata {
  const { title, summary, description, license, contact, website, storeUrl, links, categories } = metadata;
  return {
    ...(title === null ? {} : { title }),
    ...(summary === null ? {} : { summary }),
    ...(description === null ? {} : { description }),
    ...(license === null ? {} : { license }),
    ...(contact === null ? {} : { contact }),
    ...(website === null ? {} : { website }),
    ...(storeUrl === null ? {} : { 'store-url': storeUrl }),
    ...(Object.keys(links).length === 0 ? {} : { links }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(media.length === 0 ? {} : { media }),
  };
}

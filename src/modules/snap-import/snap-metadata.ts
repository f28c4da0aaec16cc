import type { BundleSnapMetadata } from '../../formats/bundle/index.js';
import type { SnapMetadata } from '../catalog/index.js';

/** What a bundle says of a snap, in the shape that the catalog keeps. Pictures are left out: they are not kept yet. */
export function toSnapMetadata(metadata: BundleSnapMetadata): SnapMetadata {
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
  };
}

/** A picture as far as its first bytes tell; `content` makes one differ from another. */
export function png(content = '', sizeBytes = 0): Buffer {
  const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from(content)]);
  return Buffer.concat([picture, Buffer.alloc(Math.max(0, sizeBytes - picture.length))]);
}

export function svg(content = ''): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${content}</svg>`);
}

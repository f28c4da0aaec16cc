// A local upstream in a process of its own, as cheap as Node.js can be: it serves one large file from memory that the kernel
// fills, with ranges, and assertions out of a stream. Arguments: the snap, and the files of assertions.
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { decodeAssertionStream } from '../../dist/formats/assertion/index.js';

const CHUNK_BYTES = 1024 * 1024;
const [snap, ...assertionFiles] = process.argv.slice(2);
const assertions = new Map();
for (const file of assertionFiles) {
  for (const assertion of await decodeAssertionStream(await readFile(file))) {
    const path = [assertion.type.name, ...assertion.reducedPrimaryKey].map(encodeURIComponent).join('/');
    assertions.set(`/v2/assertions/${path}`, Buffer.from(assertion.encoded));
  }
}

const server = createServer((request, response) => {
  const found = assertions.get(new URL(request.url, 'http://localhost').pathname);
  if (found !== undefined) {
    response.writeHead(200, { 'content-type': 'application/x.ubuntu.assertion', 'content-length': found.length });
    response.end(found);
  } else if (request.url === '/snap') {
    void send(request, response);
  } else {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error-list":[{"code":"not-found"}]}');
  }
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());

async function send(request, response) {
  const file = await open(snap);
  try {
    const { size } = await file.stat();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': size - from,
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${size - 1}/${size}` }),
    });
    // One chunk is sent while the next is read; each is used again when the kernel has taken it.
    const memory = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)];
    let sent = Promise.resolve();
    for (let at = from, turn = 0; at < size && !response.destroyed; turn++) {
      const { bytesRead } = await file.read(memory[turn % 2], 0, CHUNK_BYTES, at);
      at += bytesRead;
      await sent;
      const piece = memory[turn % 2].subarray(0, bytesRead);
      sent = new Promise((resolve) => response.write(piece, () => resolve()));
    }
    await sent;
    response.end();
  } finally {
    await file.close();
  }
}

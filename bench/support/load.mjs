// Asks a server the same things over and over on kept-alive connections, as fast as it answers. Runs in a process of its own,
// so that what it costs is not counted as the server's. Speaks HTTP/1.1 by hand: all that it has to know of an answer is where
// it ends. It never sleeps while it asks: waking a processor is charged to whoever sends, on a virtual machine several times what
// the answer costs, and only the slower of two servers would pay for it, since the faster one never lets its client go to sleep.
import { connect } from 'node:net';

const CONNECTIONS = 16;

process.on('message', async ({ port, requests, seconds, count }) => {
  const wanted = requests.map((text) => Buffer.from(text));
  const until = seconds === undefined ? Infinity : performance.now() + seconds * 1000;
  const state = { next: 0, done: 0, bytes: 0, failed: 0, limit: count ?? Infinity };
  let isAsking = true;
  const stayAwake = () => {
    if (isAsking) setImmediate(stayAwake);
  };
  stayAwake();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => run(port, wanted, until, state)));
  isAsking = false;
  process.send({ done: state.done, bytes: state.bytes, failed: state.failed });
});

function run(port, wanted, until, state) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let head = Buffer.alloc(0);
    let bodyLeft = -1;
    const ask = () => {
      if (performance.now() >= until || state.next >= state.limit) return socket.end();
      socket.write(wanted[state.next++ % wanted.length]);
    };
    const answered = () => {
      bodyLeft = -1;
      state.done++;
      ask();
    };
    socket.once('connect', ask);
    socket.once('error', reject);
    socket.once('close', resolve);
    socket.on('data', (piece) => {
      state.bytes += piece.length;
      if (bodyLeft < 0) {
        head = head.length === 0 ? piece : Buffer.concat([head, piece]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        const text = head.toString('latin1', 0, end);
        if (!/^HTTP\/1\.1 20[06] /.test(text)) state.failed++;
        bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(text)[1]) - (head.length - end - 4);
        head = Buffer.alloc(0);
      } else {
        bodyLeft -= piece.length;
      }
      if (bodyLeft === 0) answered();
    });
  });
}

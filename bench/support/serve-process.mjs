// One server under measurement, in a process of its own, which tells what it has used of the processor.
//   store: the store as it is shipped, fast lane and all   controllers: the same store in a Nest application on Express
//   bare: node:http and a table of ready answers, which is the least that any server on Node.js can cost
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';

const [kind, dataDir, databaseUri, roots] = process.argv.slice(2);
const server = await { store: startStore, controllers: startControllers, bare: startBare }[kind]();

process.on('message', (message) => {
  if (message.answers !== undefined) server.learn(message.answers);
  const { user, system } = process.cpuUsage();
  process.send({ cpuSeconds: (user + system) / 1e6, rssMib: process.memoryUsage.rss() / 2 ** 20 });
});
process.send({ port: server.port });

async function startStore() {
  const { tuneForServing } = await import('../../dist/platform/process/engine.js');
  const { startServer } = await import('../../dist/server.js');
  tuneForServing();
  const input = { ...(await bootstrap()), port: 0, host: '127.0.0.1', background: false };
  return { port: (await startServer(input)).address.port };
}

async function startControllers() {
  const { NestFactory } = await import('@nestjs/core');
  const { SnapStoreModule } = await import('../../dist/snap-store.module.js');
  const settings = { 'proxy.db.connection': databaseUri, 'proxy.trust.extra-roots': roots };
  const app = await NestFactory.create(SnapStoreModule.forRoot({ dataDir, settings }), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { port: app.getHttpServer().address().port };
}

async function bootstrap() {
  const { Settings } = await import('../../dist/platform/config/settings.js');
  const { LoggerFactory } = await import('../../dist/platform/logging/logger.js');
  const flag = new Map([['proxy.db.connection', databaseUri]]);
  if (roots !== undefined) flag.set('proxy.trust.extra-roots', roots);
  return { dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.silent() };
}

function startBare() {
  let answers = new Map();
  const server = createServer((request, response) => {
    const { headers, body, file } = answers.get(request.url);
    if (file !== undefined) {
      response.writeHead(200, headers);
      createReadStream(file, { highWaterMark: 2 ** 20 }).pipe(response);
    } else if (request.method === 'POST') {
      // The least that has to be done with a question: to have it.
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        Buffer.concat(pieces);
        response.writeHead(200, headers);
        response.end(body);
      });
    } else {
      response.writeHead(200, headers);
      response.end(body);
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: server.address().port,
        learn: (list) => {
          answers = new Map(
            list.map(({ url, body, file }) => {
              const bytes = file === undefined ? Buffer.from(body, 'base64') : undefined;
              const length = bytes?.length ?? statSync(file).size;
              const headers = {
                'content-type': 'application/json',
                'content-length': length,
                'snap-store-version': '69',
              };
              return [url, { headers, body: bytes, file }];
            }),
          );
        },
      });
    });
  });
}

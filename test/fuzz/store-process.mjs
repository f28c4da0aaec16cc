// A store for the fuzz: `lane`, its own server, or `controllers`, an application that embeds it on Nest's own Express adapter.
// Arguments: which of the two, the data folder, the database. Built files, so that it is what is shipped that is fuzzed.
import { join } from 'node:path';

import { NestFactory } from '@nestjs/core';

import { AppModule } from '../../dist/app.module.js';
import { nestOptions, withDatabase } from '../../dist/application.js';
import { Settings } from '../../dist/platform/config/settings.js';
import { LoggerFactory } from '../../dist/platform/logging/logger.js';
import { startServer } from '../../dist/server.js';

const [way, dataDir, uri] = process.argv.slice(2);
const flag = new Map([
  ['proxy.db.connection', uri],
  ['proxy.trust.extra-roots', join(dataDir, 'roots.assert')],
]);
const input = { dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.toStandardError('error') };

process.send({ port: await (way === 'lane' ? startLane() : startControllers()) });
process.on('message', () => {
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ heldMib: (heapUsed + external) / 2 ** 20, rssMib: rss / 2 ** 20 });
});
process.on('disconnect', () => process.exit());

async function startLane() {
  const server = await startServer({ ...input, port: 0, host: '127.0.0.1' });
  return server.address.port;
}

async function startControllers() {
  const app = await withDatabase(input, (platform) =>
    NestFactory.create(AppModule.forRoot(platform), nestOptions(input)),
  );
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer().address().port;
}

import type { Command } from 'commander';

import type { KnownDevice } from '../../modules/devices/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseNumber } from '../options.js';
import type { Session } from '../session.js';
import { counted, renderTable } from '../table.js';

const DEFAULT_LIMIT = 1_000;
const AS_PRINTED = 'BRAND/MODEL/SERIAL, as "devices list" prints it';

interface ListOptions {
  readonly brand?: string;
  readonly model?: string;
  readonly revoked?: boolean;
  readonly limit: number;
}

export function addDevices(parent: Command, commandLine: CommandLine): void {
  const devices = parent
    .command('devices')
    .description('say which devices have sessions with this store, and shut one out');
  example(devices, 'snap-store-proxy devices list');
  const listing = devices
    .command('list')
    .description('list the devices that have proved who they are, those that were here last first')
    .option('--brand <id>', 'those of a brand')
    .option('--model <name>', 'those of a model')
    .option('--revoked', 'those that are shut out')
    .option('--limit <n>', 'so many at most', parseNumber(1, 1_000_000), DEFAULT_LIMIT)
    .action((options: ListOptions) => commandLine.run((session) => list(session, options)));
  example(
    listing,
    'snap-store-proxy devices list --brand acme',
    'snap-store-proxy devices list --revoked --format json',
  );
  const showing = devices
    .command('show')
    .description('say what is known of a device')
    .argument('<device>', AS_PRINTED)
    .action((device: string) => commandLine.run((session) => show(session, device)));
  example(showing, 'snap-store-proxy devices show acme/till/0b5e77');
  const revoking = devices
    .command('revoke')
    .description('end the sessions of a device, and give it no other, whatever serial it comes with')
    .argument('<device>', AS_PRINTED)
    .action((device: string) => commandLine.run((session) => revoke(session, device)));
  example(revoking, 'snap-store-proxy devices revoke acme/till/0b5e77');
  const forgetting = devices
    .command('forget')
    .description('forget a device, and that it was revoked; it is taken as any other when it comes again')
    .argument('<device>', AS_PRINTED)
    .action((device: string) => commandLine.run((session) => forget(session, device)));
  example(forgetting, 'snap-store-proxy devices forget acme/till/0b5e77');
}

async function list(session: Session, { brand, model, revoked, limit }: ListOptions): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeviceService } = await import('../../modules/devices/index.js');
    const filter = {
      ...(brand === undefined ? {} : { brandId: brand }),
      ...(model === undefined ? {} : { model }),
      ...(revoked === undefined ? {} : { isRevoked: revoked }),
    };
    const { devices, count } = await store.get(DeviceService).list(filter, limit);
    session.out.result({ devices: devices.map(viewOf), count }, () =>
      renderTable(['Device', 'Last seen', 'Sessions', 'Notes'], devices.map(row)),
    );
    if (count > devices.length)
      session.out.note(`${counted(count - devices.length, 'device')} more; --limit shows them`);
  });
}

async function show(session: Session, device: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeviceName, DeviceService } = await import('../../modules/devices/index.js');
    const known = viewOf(await store.get(DeviceService).show(DeviceName.parse(device)));
    session.out.result(known, () =>
      [
        `Device: ${nameOf(known)}`,
        `Key: ${known.keyId}`,
        `Serial signed by: ${known.authorityId}`,
        `Calls itself: ${known.userAgent ?? 'nothing'}`,
        `First seen: ${known.firstSeen.toISOString()}`,
        `Last seen: ${known.lastSeen.toISOString()}`,
        `Sessions: ${known.sessions}, the last at ${known.sessionAt.toISOString()}`,
        `Revoked: ${known.revokedAt === null ? 'no' : known.revokedAt.toISOString()}`,
      ].join('\n'),
    );
  });
}

async function revoke(session: Session, device: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeviceName, DeviceService } = await import('../../modules/devices/index.js');
    const revoked = viewOf(await store.get(DeviceService).revoke(DeviceName.parse(device)));
    session.out.result(revoked, () => `${nameOf(revoked)} is revoked`);
  });
}

async function forget(session: Session, device: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DeviceName, DeviceService } = await import('../../modules/devices/index.js');
    const name = DeviceName.parse(device);
    await store.get(DeviceService).forget(name);
    session.out.result({ device: name.toString() }, () => `${name.toString()} is forgotten`);
  });
}

function viewOf(device: KnownDevice) {
  const { brandId, model, serial, keyId, authorityId, userAgent, firstSeen, lastSeen, sessionAt, sessions, revokedAt } =
    device;
  return { brandId, model, serial, keyId, authorityId, userAgent, firstSeen, lastSeen, sessionAt, sessions, revokedAt };
}

function nameOf({ brandId, model, serial }: Pick<KnownDevice, 'brandId' | 'model' | 'serial'>): string {
  return `${brandId}/${model}/${serial}`;
}

function row(device: KnownDevice): string[] {
  const { lastSeen, sessions, revokedAt } = device;
  const seen = lastSeen.toISOString().slice(0, 16).replace('T', ' ');
  return [nameOf(device), seen, String(sessions), revokedAt === null ? '' : 'revoked'];
}

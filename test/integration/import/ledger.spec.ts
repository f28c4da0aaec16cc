import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { LedgerReader, type ImportDocument, type ReportVerdict } from '../../../src/modules/snap-import/index.js';
import { ImportLedger } from '../../../src/modules/snap-import/ledger/import-ledger.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { newSigner } from '../../support/bundles.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();

function ledger(): LedgerReader {
  return scene.store.context.get(LedgerReader);
}

async function verdicts(): Promise<ReportVerdict[]> {
  const found: ReportVerdict[] = [];
  for await (const verdict of ledger().verifyAll()) found.push(verdict);
  return found;
}

/** `1: nothing`, `2: what is wrong`. */
async function problems(): Promise<string[]> {
  return (await verdicts()).map((verdict) => `${verdict.number}: ${verdict.problems.join('; ') || 'nothing'}`);
}

/** As somebody could who owns the database. */
async function tamper(sql: string): Promise<void> {
  await scene.store.query('ALTER TABLE snap_store.import DISABLE TRIGGER records_only');
  await scene.store.query(sql);
  await scene.store.query('ALTER TABLE snap_store.import ENABLE TRIGGER records_only');
}

async function threeImports(): Promise<void> {
  const bundle = bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 1) }], { signer: newSigner() });
  await scene.makeKnown(bundle.signer!);
  await scene.import(await scene.bundle(bundle), { by: 'root (by sudo from alice)' });
  const stranger = bundleOf([{ snap: signed('jq', 7) }], { signer: newSigner() });
  await expect(scene.import(await scene.bundle(stranger, 'stranger.tar.gz'))).rejects.toThrow();
  await scene.import(await scene.pair(signed('jq', 8)));
}

describe('the ledger', () => {
  it('keeps the report of every import that ended, each bound to the one before it', async () => {
    await threeImports();
    const [third, second, first] = await ledger().latest(10);
    expect([first, second, third].map((one) => [one?.number, one?.state, one?.source])).toEqual([
      [1, 'done', 'test.tar.gz'],
      [2, 'failed', 'stranger.tar.gz'],
      [3, 'done', 'jq_8.snap'],
    ]);
    expect(first).toMatchObject({ byUser: 'root (by sudo from alice)', signerName: 'the laptop' });
    const reports = await Promise.all([first, second, third].map((one) => ledger().report(one!)));
    const documents = reports.map((one) => one!.document);
    expect(documents.map(({ previous }) => previous)).toEqual([null, first!.sha3_384, second!.sha3_384]);
    expect(documents[0]).toMatchObject({
      outcome: 'done',
      failure: null,
      by: { user: 'root (by sudo from alice)' },
      tool: { name: 'snap-store-proxy' },
      report: {
        signature: { signerName: 'the laptop' },
        checked: { snaps: { count: 2 } },
        snaps: [
          { name: 'jq', outcome: 'added' },
          { name: 'yq', outcome: 'added' },
        ],
        releases: [
          { name: 'jq', to: 6 },
          { name: 'yq', to: 1 },
        ],
      },
    } satisfies DeepPartial<ImportDocument>);
    expect(documents[1]).toMatchObject({ outcome: 'failed', failure: { code: 'signer-unknown' }, report: null });
    expect(documents[2]).toMatchObject({
      by: { user: null },
      report: { snaps: [{ name: 'jq', outcome: 'updated' }], releases: [{ from: 6, to: 8 }] },
    });
    for (const { text, sha3_384 } of reports.map((one) => one!))
      expect(createHash('sha3-384').update(text).digest('hex')).toBe(sha3_384);
  });

  it('gives push-snap the number and the digest of the report, and a dry run none', async () => {
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }]));
    expect((await scene.import(path, { dryRun: true })).record).toBeNull();
    const { record, ...report } = await scene.import(path);
    const found = await ledger().find(record!.id);
    expect({ number: found.number, sha3_384: found.sha3_384 }).toEqual({ number: 1, sha3_384: record!.sha3_384 });
    expect((await ledger().report(found))?.document.report).toEqual(report);
  });

  it('finds an import by number and by id, and nothing else', async () => {
    await scene.import(await scene.pair(signed('jq', 6)));
    const { id } = await ledger().find('1');
    expect(await ledger().find(id.toUpperCase())).toMatchObject({ number: 1 });
    for (const key of ['2', '0', '01', '-1', '1; DROP TABLE', '99999999999', id.slice(1)])
      await expect(ledger().find(key)).rejects.toMatchObject({ code: 'import-not-recorded' });
  });

  it('has no report of an import that runs', async () => {
    await scene.store.query(
      "INSERT INTO snap_store.import (id, source, state) VALUES (gen_random_uuid(), 'x', 'running')",
    );
    const [running] = await ledger().latest(1);
    expect(await ledger().report(running!)).toBeNull();
    expect(await verdicts()).toEqual([]);
  });

  it('writes down the end of an import whose process died, as the next one finds it', async () => {
    await scene.store.query(
      "INSERT INTO snap_store.import (id, source, state) VALUES (gen_random_uuid(), 'x', 'running')",
    );
    await scene.import(await scene.pair(signed('jq', 6)));
    expect(await problems()).toEqual(['1: nothing', '2: nothing']);
    const report = await ledger().report(await ledger().find('1'));
    expect(report?.document).toMatchObject({ file: 'x', outcome: 'failed', failure: { code: 'import-stopped' } });
  });

  it('counts without a gap where imports end at the same time', async () => {
    const paths = await Promise.all(['a1', 'b2', 'c3', 'd4'].map((name) => scene.pair(signed(name, 1))));
    await Promise.all(paths.map((path) => scene.import(path)));
    expect(await problems()).toEqual(['1: nothing', '2: nothing', '3: nothing', '4: nothing']);
  });

  it('lets an import end only after the one that is just ending has', async () => {
    const [writer, transaction] = [scene.store.context.get(ImportLedger), scene.store.context.get(Transaction)];
    const [slow, quick] = [randomUUID(), randomUUID()];
    await writer.start(slow, 'slow', null);
    await writer.start(quick, 'quick', null);
    let ending = (): void => undefined;
    const isEnding = new Promise<void>((resolve) => (ending = resolve));
    const first = transaction.run(async () => {
      await writer.fail(slow, new Error('no'));
      ending();
      await sleep(300);
    });
    await isEnding;
    const other = writer.fail(quick, new Error('no'));
    await Promise.all([first, other]);
    expect(await problems()).toEqual(['1: nothing', '2: nothing']);
    expect(await ledger().find('2')).toMatchObject({ source: 'quick' });
  });
});

describe('a report', () => {
  it('cannot be changed or removed by a plain statement', async () => {
    await threeImports();
    for (const sql of [
      "UPDATE snap_store.import SET document = replace(document, 'alice', 'bob')",
      "UPDATE snap_store.import SET state = 'running', document = NULL WHERE number = 3",
      'DELETE FROM snap_store.import WHERE number = 2',
    ])
      await expect(scene.store.query(sql)).rejects.toThrow('rows of import are records');
    expect(await problems()).toEqual(['1: nothing', '2: nothing', '3: nothing']);
  });

  it('that is changed all the same is found, and not shown', async () => {
    await threeImports();
    await tamper("UPDATE snap_store.import SET document = replace(document, 'alice', 'mallory') WHERE number = 1");
    expect(await problems()).toEqual([expect.stringMatching(/^1: its digest is/), '2: nothing', '3: nothing']);
    const record = await ledger().find('1');
    await expect(ledger().report(record)).rejects.toMatchObject({ code: 'import-report-damaged' });
    expect((await ledger().verify('2')).problems).toEqual([]);
  });

  it('that is changed together with its digest is given away by the one after it', async () => {
    await threeImports();
    const { text } = (await ledger().report(await ledger().find('1')))!;
    const forged = text.replace('alice', 'mallory');
    const digest = createHash('sha3-384').update(forged).digest('hex');
    await tamper(`UPDATE snap_store.import SET document = '${forged}', sha3_384 = '${digest}' WHERE number = 1`);
    expect(await problems()).toEqual(['1: nothing', expect.stringMatching(/^2: it follows the report/), '3: nothing']);
    expect((await ledger().verify('1')).problems).toEqual(['the report after it, 2, does not follow it']);
    await expect(ledger().report(await ledger().find('1'))).rejects.toMatchObject({ code: 'import-report-damaged' });
  });

  it('that is taken out is missed', async () => {
    await threeImports();
    await tamper('DELETE FROM snap_store.import WHERE number = 2');
    expect(await problems()).toEqual(['1: nothing', '2: it is gone', expect.stringMatching(/^3: it follows/)]);
  });

  it('whose row says something else is found', async () => {
    await threeImports();
    await tamper('UPDATE snap_store.import SET signer = NULL WHERE number = 1');
    expect(await problems()).toEqual([
      '1: its row in the ledger says something else than the report',
      '2: nothing',
      '3: nothing',
    ]);
  });

  it('is held against the catalog: what was removed since is counted, another content is a problem', async () => {
    await threeImports();
    expect((await ledger().verify('1')).revisions).toEqual({ held: 2, removed: 0 });
    await scene.store.query("DELETE FROM snap_store.snap WHERE name = 'yq'");
    expect(await ledger().verify('1')).toMatchObject({ problems: [], revisions: { held: 1, removed: 1 } });
    await scene.store.query(`UPDATE snap_store.snap_revision SET sha3_384 = '${'ab'.repeat(48)}' WHERE revision = 6`);
    expect((await ledger().verify('1')).problems).toEqual([
      `revision 6 of jq is held with another content, ${'ab'.repeat(48)}`,
    ]);
  });
});

type DeepPartial<T> = T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

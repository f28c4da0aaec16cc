import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Way, WAYS } from '../support/running-store.js';
import { KINDS } from './kinds/index.js';
import type { World } from './kinds/kind.js';
import { rawConnections } from './kinds/raw.js';
import { type Memory, FuzzTarget } from './target.js';
import { CLOSED, encodeRequest, Wire, type WireAnswer, type WireRequest } from './wire.js';
import { makeWorld, worldSnaps } from './world.js';

/** For each kind, on each way; `npm run fuzz` asks for 100,000. */
const CASES = Number(process.env.FUZZ_CASES ?? 200);
/** As fast-check prints it when something is found; without one, `npm test` has the same cases each time. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_101);
/** Sent at the same time, each on a connection of its own. */
const AT_ONCE = 16;
/** Far above what any answer takes, also on a machine that has other things to do. */
const DEADLINE_MS = 20_000;
/** Once something was not answered, while the smallest such request is looked for. */
const DEADLINE_WHEN_LOOKING_MS = 1_500;
const MAX_LOOKS = 20;
/** What the store may hold more than before when a kind has been fuzzed: its caches, which have bounds of their own. */
const GROWTH_MIB = 96;
const RAW_CASES = Math.min(CASES, 20_000);

const TIMEOUT_MS = 60_000 + CASES * 40;

describe.each(WAYS)('whatever is asked, by the %s', (way) => {
  let target: FuzzTarget;
  let world: World;
  let wires: readonly Wire[];
  let usual: string;
  let unanswered = 0;

  beforeAll(async () => {
    target = await FuzzTarget.open(way, worldSnaps);
    wires = Array.from({ length: AT_ONCE }, () => new Wire(target.port));
    world = await makeWorld(target, wires[0]!);
    usual = await usualAnswers();
  });

  afterAll(async () => {
    for (const wire of wires) wire.close();
    await target.close();
  });

  it.each(KINDS)(
    '$name: an answer, none of them the store’s failure, and no memory that is kept',
    { timeout: TIMEOUT_MS },
    async ({ name, requests, reaches }) => {
      const before = await target.memory();
      const statuses = new Map<number, number>();
      const batch = fc.array(requests(world), { minLength: 1, maxLength: AT_ONCE, size: 'max' });
      let sent = 0;
      await fc.assert(
        fc.asyncProperty(batch, async (asked) => {
          sent += asked.length;
          if (unanswered > MAX_LOOKS) return;
          await Promise.all(
            asked.map(async (request, index) => {
              const answer = await send(wires[index]!, request);
              statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
              expectSound(request, answer, way);
            }),
          );
        }),
        { ...parameters(runsFor(CASES)), reporter: report },
      );
      const after = await target.memory();
      tell(`${way}: ${name}`, { sent, statuses, before, after });
      expect(after.heldMib - before.heldMib).toBeLessThan(GROWTH_MIB);
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([...reaches]));
      expect(await usualAnswers()).toBe(usual);
    },
  );

  it('connections of any bytes: answered or closed, and none of them kept', { timeout: TIMEOUT_MS }, async () => {
    const before = await target.memory();
    const statuses = new Map<number, number>();
    const batch = fc.array(rawConnections, { minLength: 1, maxLength: AT_ONCE, size: 'max' });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(batch, async (asked) => {
        sent += asked.length;
        if (unanswered > MAX_LOOKS) return;
        await Promise.all(
          asked.map(async (bytes, index) => {
            const method = bytes.toString('latin1', 0, 5) === 'HEAD ' ? 'HEAD' : 'GET';
            const answer = await ask(wires[index]!, bytes, method, true);
            if (answer === CLOSED) return;
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            // 505: not a version of HTTP that anybody speaks.
            if (answer.status !== 505) expect(answer.status).toBeLessThan(500);
          }),
        );
      }),
      { ...parameters(runsFor(RAW_CASES)), reporter: report },
    );
    const after = await target.memory();
    tell(`${way}: connections of any bytes`, { sent, statuses, before, after });
    expect(after.heldMib - before.heldMib).toBeLessThan(GROWTH_MIB);
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400]));
    expect(await usualAnswers()).toBe(usual);
  });

  async function ask(wire: Wire, bytes: Buffer, method: string, isLast = false): Promise<WireAnswer | typeof CLOSED> {
    try {
      return await wire.ask(bytes, {
        method,
        deadlineMs: unanswered === 0 ? DEADLINE_MS : DEADLINE_WHEN_LOOKING_MS,
        isLast,
      });
    } catch (error) {
      unanswered += 1;
      throw error;
    }
  }

  async function send(wire: Wire, request: WireRequest): Promise<WireAnswer> {
    const bytes = encodeRequest(request);
    const answer = await ask(wire, bytes, request.method);
    // A connection that was about to be closed says nothing about the request.
    const again = answer === CLOSED ? await ask(wire, bytes, request.method) : answer;
    if (again === CLOSED) throw new Error(`no answer, the connection is closed; the store says:\n${target.log}`);
    return again;
  }

  /** What a device is told in the ordinary way: nothing that a stranger asks may change it. */
  async function usualAnswers(): Promise<string> {
    const answers: string[] = [];
    const [{ plan } = { plan: { name: '', snapId: '', revision: 0 } }] = world.snaps;
    const action = { action: 'install', 'instance-key': 'install-1', name: plan.name, channel: 'stable', epoch: null };
    const device = [['Snap-Device-Architecture', 'amd64']] as const;
    for (const request of [
      {
        method: 'POST',
        path: '/v2/snaps/refresh',
        headers: device,
        body: Buffer.from(JSON.stringify({ context: [], actions: [action] })),
      },
      { method: 'GET', path: `/v2/snaps/info/${plan.name}`, headers: device, body: Buffer.alloc(0) },
      { method: 'GET', path: '/api/v1/snaps/names', headers: [], body: Buffer.alloc(0) },
    ]) {
      const { status, body } = await send(wires[0]!, request);
      expect([request.path, status]).toEqual([request.path, 200]);
      answers.push(body.toString());
    }
    return answers.join('\n');
  }
});

function expectSound({ method }: WireRequest, { status, headers, body }: WireAnswer, way: Way): void {
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  // What is no HTTP is answered by Node.js, what is no path of ours by whoever embeds the store.
  if (way === 'controllers' && !headers.has('snap-store-version')) return;
  if (!headers.has('content-type') && status === 400) return;
  expect(Number(headers.get('snap-store-version'))).toBeGreaterThanOrEqual(55);
  if (status < 400 || status === 416 || method === 'HEAD') return;
  expect(headers.get('content-type')).toBe('application/json');
  const said = JSON.parse(body.toString()) as { message?: string; 'error-list'?: { code: string; message: string }[] };
  const messages = said['error-list']?.map(({ message }) => message) ?? [said.message];
  expect(messages).toEqual([expect.stringMatching(/./s)]);
  // What a stranger sent is not sent back at length.
  expect(body.length).toBeLessThan(8 * 1024);
}

/** Batches have between one and all connections' worth of cases. */
function runsFor(cases: number): number {
  return Math.ceil(cases / ((AT_ONCE + 1) / 2));
}

function parameters(numRuns: number): { seed: number; numRuns: number } {
  return { seed: SEED, numRuns };
}

/** With bodies in full, so that what was found can be sent again. */
function report<T>(out: fc.RunDetails<T>): void {
  if (!out.failed) return;
  const shown = JSON.stringify(out.counterexample, (_key, value: unknown) => shownBytes(value)).slice(0, 4_000);
  throw new Error(
    `FUZZ_SEED=${out.seed} path ${out.counterexamplePath ?? ''}: ${shown}\n${out.errorInstance instanceof Error ? out.errorInstance.message : ''}`,
  );
}

function shownBytes(value: unknown): unknown {
  const isBytes = value !== null && typeof value === 'object' && (value as { type?: unknown }).type === 'Buffer';
  return isBytes ? Buffer.from((value as { data: number[] }).data).toString('latin1') : value;
}

function tell(
  what: string,
  { sent, statuses, before, after }: { sent: number; statuses: Map<number, number>; before: Memory; after: Memory },
): void {
  if (process.env.FUZZ_CASES === undefined) return;
  const counts = [...statuses].sort(([one], [other]) => one - other).map(([status, count]) => `${status}×${count}`);
  const held = `${before.heldMib.toFixed(0)} → ${after.heldMib.toFixed(0)} MiB held, ${after.rssMib.toFixed(0)} resident`;
  console.log(`${what}: ${sent} cases, ${counts.join(' ')}; ${held}`);
}

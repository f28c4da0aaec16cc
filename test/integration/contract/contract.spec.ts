import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { WAYS } from '../../support/running-store.js';
import { filledIn, readContract, withWildcards } from './contract-case.js';
import { ContractScene } from './scene.js';

const contract = readContract();

describe.each(WAYS)('the contract with devices, kept by the %s', (way) => {
  let scene: ContractScene;

  beforeAll(async () => {
    scene = await ContractScene.open(way);
  });
  afterAll(() => scene.close());

  describe.each(contract.map((one) => [one.file, one.law, one] as const))('%s (%s)', (_file, _law, { cases }) => {
    it.each(cases.map((one) => [one.says, one] as const))('%s', async (_says, { ask, answer }) => {
      const { names, store } = scene;
      const body = filledIn(ask.body, names);
      const reply = await store.ask(filledIn(ask.path, names), {
        method: ask.method,
        headers: filledIn(ask.headers, names),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const said = reply.body.toString();
      expect({ status: reply.status, said: reply.status === answer.status ? null : said }).toEqual({
        status: answer.status,
        said: null,
      });
      for (const [name, value] of Object.entries(answer.headers)) {
        const given = reply.headers[name];
        expect(`${name}: ${String(given)}`).toBe(
          `${name}: ${String(value === null ? undefined : withWildcards(filledIn(value, names), given))}`,
        );
      }
      if (answer.text !== undefined) expect(said).toBe(filledIn(answer.text, names));
      if (answer.json === undefined) return;
      const given = reply.json();
      expect(given).toEqual(withWildcards(filledIn(answer.json, names), given));
    });
  });
});

import { decodeAssertionStream } from '../../formats/assertion/index.js';
import { type Architecture, architectureOfNode, ARCHITECTURES, isArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import type { FetchRequest, WantedModel, WantedPackage, WantedValidationSet } from '../../modules/snap-fetch/index.js';
import { UsageError } from '../cli.errors.js';
import { readSmallFile } from '../input.js';
import { parsePackageList } from './package-list.js';
import { readHoldings } from './read-holdings.js';
import { parseSnapSpec } from './snap-spec.js';

/** The flags that say what is fetched. */
export interface WhatToFetch {
  readonly channel: readonly string[];
  readonly architecture: readonly string[];
  readonly arch: readonly string[];
  readonly revision?: number;
  readonly cohort?: string;
  readonly fromYaml?: string;
  readonly forModel: readonly string[];
  readonly forValidationSet: readonly string[];
  readonly prerequisites: boolean;
  readonly standalone?: true;
  readonly singleBundle?: true;
  readonly since: readonly string[];
}

const ACCOUNT = /^(?:[a-zA-Z0-9]{32}|[-a-z0-9]{2,28})$/;
const SET_NAME = /^[a-z0-9](?:-?[a-z0-9])*$/;
const SEQUENCE = /^[1-9][0-9]{0,9}$/;

/**
 * What is to be fetched, with all files that the flags name read.
 * @param machine as `process.arch` names this machine: it is for machines like it, for want of another architecture
 * @throws UsageError and what its parts throw; nobody has been contacted
 */
export async function readFetchRequest(
  names: readonly string[],
  options: WhatToFetch,
  machine: string,
  signal: AbortSignal,
): Promise<FetchRequest> {
  checkCombination(names, options);
  const said = [...options.architecture, ...options.arch].map(readArchitecture);
  const models: WantedModel[] = [];
  for (const file of options.forModel) models.push(await readModelFile(file));
  const listed = options.fromYaml === undefined ? [] : await readPackages(options.fromYaml);
  const packages = [...names.map((name) => namedPackage(name, options)), ...listed];
  const validationSets = options.forValidationSet.map(readValidationSet);
  if (packages.length === 0 && models.length === 0 && validationSets.length === 0)
    throw new UsageError(
      'nothing to fetch is named',
      'name snaps, or --from-yaml, --for-model or --for-validation-set',
    );
  return {
    packages,
    models,
    validationSets,
    architectures: said.length > 0 ? [...new Set(said)] : guessedArchitectures(models, machine),
    areArchitecturesSaid: said.length > 0,
    withPrerequisites: options.prerequisites,
    packing: options.standalone === true ? 'standalone' : options.singleBundle === true ? 'single' : 'shared',
    since: await readHoldings(options.since, signal),
  };
}

function checkCombination(names: readonly string[], options: WhatToFetch): void {
  if (options.standalone === true && options.singleBundle === true)
    throw new UsageError('--standalone and --single-bundle do not go together');
  if (names.length === 1) return;
  if (options.revision !== undefined)
    throw new UsageError('--revision goes with one snap', '--from-yaml takes a revision for each');
  if (options.cohort !== undefined) throw new UsageError('--cohort goes with one snap: a cohort key is for one');
}

function namedPackage(text: string, { channel, revision, cohort }: WhatToFetch): WantedPackage {
  for (const one of channel) Channel.parse(one);
  return {
    ...parseSnapSpec(text),
    channels: channel,
    architectures: null,
    revision: revision ?? null,
    cohortKey: cohort ?? null,
    pushChannel: null,
  };
}

async function readPackages(file: string): Promise<WantedPackage[]> {
  return parsePackageList((await readSmallFile(file)).toString('utf8'), file);
}

/** A model as it was signed, with whatever else its file holds. */
async function readModelFile(file: string): Promise<WantedModel> {
  const assertions = await decodeAssertionStream(await readSmallFile(file));
  const models = assertions.filter(({ type }) => type.name === 'model');
  const [model] = models;
  if (model === undefined || models.length > 1) {
    throw new UsageError(`${file} has to hold one model assertion, and holds ${models.length}`);
  }
  return { model, others: assertions.filter((assertion) => assertion !== model) };
}

/** @throws UsageError unless it is `ACCOUNT/NAME` or `ACCOUNT/NAME=SEQUENCE` */
export function readValidationSet(text: string): WantedValidationSet {
  const [key = '', sequence, ...more] = text.split('=');
  const [accountId = '', name = '', ...parts] = key.split('/');
  const isRight = ACCOUNT.test(accountId) && SET_NAME.test(name) && more.length === 0 && parts.length === 0;
  if (!isRight || (sequence !== undefined && !SEQUENCE.test(sequence)))
    throw new UsageError(`"${text.slice(0, 100)}" is not ACCOUNT/NAME or ACCOUNT/NAME=SEQUENCE`);
  return { accountId, name, sequence: sequence === undefined ? null : Number(sequence) };
}

function readArchitecture(text: string): Architecture {
  if (isArchitecture(text)) return text;
  throw new UsageError(`"${text.slice(0, 40)}" is no architecture: it is one of ${ARCHITECTURES.join(', ')}`);
}

/** The models' devices, or else machines like this one. */
function guessedArchitectures(models: readonly WantedModel[], machine: string): Architecture[] {
  const ofModels = models.map(({ model }) => model.text('architecture')).filter(isArchitecture);
  if (ofModels.length > 0) return [...new Set(ofModels)];
  const own = architectureOfNode(machine);
  if (own === null)
    throw new UsageError(`there are no snaps for a machine like this one (${machine}): say --architecture`);
  return [own];
}

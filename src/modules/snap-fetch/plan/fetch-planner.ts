import { type Assertion, printable } from '../../../formats/assertion/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import type { OnlineStore } from '../../upstream/index.js';
import { ClosureBuilder, type Demand } from './closure-builder.js';
import type { Root } from './closure.js';
import type { FetchPlan, PlannedBundle } from './fetch-plan.js';
import type { FetchRequest, WantedModel, WantedPackage, WantedValidationSet } from './fetch-request.js';
import { architectureOfModel, contentsOfModel } from './model-needs.js';
import { type Need, PLAIN_NEED } from './needs.js';
import { packClosure } from './packing.js';
import { NotOfferedError } from './plan.errors.js';
import { readRemoteSnapYaml } from './remote-snap-yaml.js';
import { type QuestionOptions, StoreQuestions } from './store-questions.js';
import { snapsOfValidationSet, titleOfValidationSet } from './validation-set-needs.js';
import { Held, withoutHeld } from './without-held.js';

export interface PlannedFetch {
  readonly plan: FetchPlan;
  /** What the operator should know about it. */
  readonly notes: readonly string[];
}

/** Finds out what has to be fetched so that a device has all that it will ask for. Asks the online store, and downloads nothing. */
export class FetchPlanner {
  constructor(private readonly store: OnlineStore) {}

  /**
   * @throws NotOfferedError naming all that the store does not have, ReleaseConflictError, HoldingsConflictError, and what the store
   * throws
   */
  async plan(request: FetchRequest, options: QuestionOptions): Promise<PlannedFetch> {
    const planning = new Planning(this.store, request, options);
    return planning.run();
  }
}

class Planning {
  private readonly builder: ClosureBuilder;
  private readonly sets = new Map<string, Promise<Assertion | null>>();

  constructor(
    private readonly store: OnlineStore,
    private readonly request: FetchRequest,
    private readonly options: QuestionOptions,
  ) {
    const questions = new StoreQuestions(store, allArchitectures(request), options);
    this.builder = new ClosureBuilder(questions, ({ download }) => readRemoteSnapYaml(store, download, options));
  }

  async run(): Promise<PlannedFetch> {
    const { builder, request } = this;
    // First what was named: a channel that the operator decides about is what everything else meets.
    const named = await builder.meet(this.packageDemands());
    const others = await builder.meet([...(await this.modelDemands()), ...(await this.validationSetDemands())]);
    if (request.withPrerequisites) await builder.complete([...named, ...others]);
    if (builder.problems.length > 0) throw new NotOfferedError([...new Set(builder.problems)]);
    const closure = builder.result();
    const held = new Held(request.since);
    const bundles = packClosure(closure, request.packing).map((bundle) => withoutHeld(bundle, held));
    return { plan: { bundles: bundles.filter(carriesAnything) }, notes: [...closure.notes, ...notesOn(bundles)] };
  }

  private packageDemands(): Demand[] {
    const roots = new Map<string, Root>();
    return this.request.packages.flatMap((wanted) => {
      const root = roots.get(wanted.name) ?? this.builder.addRoot(wanted.name, true);
      roots.set(wanted.name, root);
      return this.needsOf(wanted).map((need) => ({ from: root, need }));
    });
  }

  private needsOf(wanted: WantedPackage): Need[] {
    const { name, revision, channels, cohortKey, pushChannel } = wanted;
    const common = {
      ...PLAIN_NEED,
      name,
      revision,
      cohortKey,
      architectures: wanted.architectures ?? this.request.architectures,
      areArchitecturesSaid: wanted.architectures !== null || this.request.areArchitecturesSaid,
      components: wanted.components ?? (this.request.withPrerequisites ? ('all' as const) : []),
      reason: { kind: 'requested', of: null },
    };
    const pushTo = pushChannel === null ? null : [pushChannel];
    if (revision === null) {
      const asked = channels.length === 0 ? [null] : channels;
      return asked.map((channel) => ({ ...common, channel, releaseTo: pushTo }));
    }
    const releaseTo = pushTo ?? channels;
    if (releaseTo.length === 0) {
      this.builder.note(
        `revision ${revision} of ${name} is released nowhere by itself: --channel says where it is to be`,
      );
    }
    return [{ ...common, releaseTo }];
  }

  private async modelDemands(): Promise<Demand[]> {
    const demands: Demand[] = [];
    for (const { model, others } of this.request.models) demands.push(...(await this.demandsOfModel(model, others)));
    return demands;
  }

  private async demandsOfModel(model: Assertion, others: WantedModel['others']): Promise<Demand[]> {
    const contents = contentsOfModel(model, this.request.architectures);
    const sets: Assertion[] = [];
    for (const wanted of contents.validationSets) {
      const set = await this.validationSet(wanted, contents.title);
      if (set !== null) sets.push(set);
    }
    const itsStore = await this.storeOf(model, contents.title);
    const root = this.builder.addRoot(model.text('model'), false, [...others, model, ...itsStore, ...sets]);
    const architecture = architectureOfModel(model);
    const devices =
      architecture === null ? this.devices : { architectures: [architecture], areArchitecturesSaid: true };
    const needs = [...contents.snaps, ...sets.flatMap((set) => this.needsOfSet(set, devices))];
    return needs.map((need) => ({ from: root, need }));
  }

  /** The store that the model's devices are sold with, which they ask for by its id; they do without where there is none. */
  private async storeOf(model: Assertion, title: string): Promise<Assertion[]> {
    const id = model.text('store');
    if (id === '') return [];
    const found = await this.store.assertion('store', [id], { signal: this.options.signal });
    if (found !== null) return [found];
    this.builder.note(
      `the online store has no assertion of store ${printable(id)}, which model ${title} names; devices do without`,
    );
    return [];
  }

  private async validationSetDemands(): Promise<Demand[]> {
    const demands: Demand[] = [];
    for (const wanted of this.request.validationSets) {
      const set = await this.validationSet(wanted, null);
      if (set === null) continue;
      const root = this.builder.addRoot(wanted.name, false, [set]);
      demands.push(...this.needsOfSet(set, this.devices).map((need) => ({ from: root, need })));
    }
    return demands;
  }

  private needsOfSet(set: Assertion, devices: Pick<Need, 'architectures' | 'areArchitecturesSaid'>): Need[] {
    const needs = snapsOfValidationSet(set, devices);
    if (needs.some(({ revision }) => revision !== null)) {
      const title = titleOfValidationSet(set);
      this.builder.note(
        `revisions that validation set ${title} pins are released nowhere by themselves; devices that enforce it take them`,
      );
    }
    return needs;
  }

  private get devices(): Pick<Need, 'architectures' | 'areArchitecturesSaid'> {
    const { architectures, areArchitecturesSaid } = this.request;
    return { architectures, areArchitecturesSaid };
  }

  /** Null, and a problem, where the store has none. */
  private async validationSet(wanted: WantedValidationSet, neededBy: string | null): Promise<Assertion | null> {
    const { accountId, name, sequence } = wanted;
    const title = `${accountId}/${name}${sequence === null ? '' : `=${sequence}`}`;
    const { signal } = this.options;
    const asked =
      this.sets.get(title) ??
      this.store.sequenceAssertion('validation-set', [SERIES, accountId, name], sequence, { signal });
    this.sets.set(title, asked);
    const set = await asked;
    if (set === null) {
      const who = neededBy === null ? '' : `, which model ${neededBy} names,`;
      this.builder.problems.push(`validation set ${title}${who} is not in the online store`);
      return null;
    }
    this.options.onAsk(titleOfValidationSet(set));
    return set;
  }
}

const SERIES = '16';

function allArchitectures({ packages, models, architectures }: FetchRequest): Architecture[] {
  const own = packages.flatMap((wanted) => wanted.architectures ?? []);
  const ofModels = models.flatMap(({ model }) => architectureOfModel(model) ?? []);
  return [...new Set([...architectures, ...own, ...ofModels])];
}

function carriesAnything({ snaps, assertions }: PlannedBundle): boolean {
  return snaps.length > 0 || assertions.length > 0;
}

function notesOn(bundles: readonly PlannedBundle[]): string[] {
  return bundles
    .filter((bundle) => !carriesAnything(bundle))
    .map(({ name }) => `${name}: the other side has all of it`);
}

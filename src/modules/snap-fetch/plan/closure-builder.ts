import type { Assertion } from '../../../formats/assertion/index.js';
import { BUNDLE_LIMITS } from '../../../formats/bundle/index.js';
import { SnapYamlError, type SnapYaml } from '../../../formats/snap-yaml/index.js';
import { type Architecture, runsOn } from '../../../kernel/architecture.js';
import { Channel, DEFAULT_TRACK } from '../../../kernel/channel.js';
import type { StoreAnswer } from '../../upstream/index.js';
import { type Closure, type Edge, Choice, type Root } from './closure.js';
import { type Need, prerequisitesOf, readSnapYaml } from './needs.js';
import type { StoreQuestions } from './store-questions.js';

/** Somebody's need. */
export interface Demand {
  readonly from: Root | Choice;
  readonly need: Need;
}

/** Prerequisites of prerequisites of …: what goes deeper is no snap's honest wish. */
const MAX_DEPTH = 32;

type Found = Extract<StoreAnswer, { found: true }>;

/** Reads a snap.yaml that the store did not send out of the snap's file; null where that cannot be done. */
export type YamlReader = (revision: Found['revision']) => Promise<string | null>;

/** Follows needs until nothing is missing. What the store lacks is collected, so that it can be said all at once. */
export class ClosureBuilder {
  readonly problems: string[] = [];
  private readonly roots: Root[] = [];
  private readonly choices = new Map<string, Choice>();
  private readonly choicesByName = new Map<string, Choice[]>();
  private readonly edges = new Map<string, Edge>();
  private readonly notes = new Set<string>();
  private readonly answers = new Map<string, StoreAnswer>();
  private readonly numbers = new Map<Root | Choice, number>();

  constructor(
    private readonly questions: StoreQuestions,
    private readonly readYaml: YamlReader,
  ) {}

  addRoot(name: string, isPackage: boolean, assertions: readonly Assertion[] = []): Root {
    const root = { name, isPackage, assertions };
    this.roots.push(root);
    return root;
  }

  note(text: string): void {
    this.notes.add(text);
  }

  /** Finds what is demanded. @returns what has not been there before */
  async meet(demands: readonly Demand[]): Promise<Choice[]> {
    await this.questions.learnAbout(demands.map(({ need }) => need.name));
    const open = demands.filter((demand) => !this.isMetAlready(demand));
    await this.ask(open.map(({ need }) => need));
    return open.flatMap((demand) => this.take(demand));
  }

  /** Finds what these need, and what that needs, and so on. */
  async complete(choices: readonly Choice[]): Promise<void> {
    let fresh = choices;
    for (let depth = 0; fresh.length > 0; depth += 1) {
      const demands: Demand[] = [];
      for (const choice of fresh) demands.push(...(await this.demandsOf(choice)));
      if (depth === MAX_DEPTH || this.choices.size > BUNDLE_LIMITS.snaps) {
        this.problems.push(`${fresh[0]?.name ?? ''} is needed by needs of needs without an end`);
        return;
      }
      fresh = await this.meet(demands);
    }
  }

  result(): Closure {
    return {
      roots: this.roots,
      choices: [...this.choices.values()],
      edges: [...this.edges.values()],
      notes: [...this.notes],
    };
  }

  private async demandsOf(choice: Choice): Promise<Demand[]> {
    const yaml = await this.yamlOf(choice);
    return prerequisitesOf(choice.revision, yaml, choice.architecture).map((need) => ({ from: choice, need }));
  }

  private async yamlOf(choice: Choice): Promise<SnapYaml | null> {
    const { name, revision } = choice;
    const text = revision.snapYaml ?? (await this.readYaml(revision));
    if (text === null) {
      this.note(`${name}: its snap.yaml is not known yet, so what provides its content by default does not come along`);
      return null;
    }
    try {
      return readSnapYaml(name, text);
    } catch (error) {
      if (!(error instanceof SnapYamlError)) throw error;
      this.problems.push(`revision ${revision.revision} of ${name} cannot be installed: ${error.message}`);
      return null;
    }
  }

  /** Whether what is to be released on the channel that is needed comes along already, by whatever way. */
  private isMetAlready(demand: Demand): boolean {
    const { name, architectures, revision, releaseTo, channel } = demand.need;
    if (revision !== null || releaseTo !== null) return false;
    const wanted = (this.questions.channelOf(name, channel) ?? Channel.parse('stable')).toString();
    const there = architectures.map((architecture) =>
      this.choicesByName
        .get(name)
        ?.find((choice) => choice.architecture === architecture && choice.releases.has(wanted)),
    );
    if (there.some((choice) => choice === undefined)) return false;
    for (const choice of there) if (choice !== undefined) this.link(demand, choice);
    return true;
  }

  private async ask(needs: readonly Need[]): Promise<void> {
    const wishes = new Map(
      needs.flatMap((need) =>
        need.architectures.map((architecture) => {
          const { name, snapId, revision, cohortKey } = need;
          const channel = revision === null ? this.questions.channelOf(name, need.channel) : null;
          return [keyOf(need, architecture), { name, snapId, architecture, channel, revision, cohortKey }] as const;
        }),
      ),
    );
    const open = [...wishes].filter(([key]) => !this.answers.has(key));
    const answers = await this.questions.resolve(open.map(([, wish]) => wish));
    for (const [index, answer] of answers.entries()) this.answers.set(open[index]?.[0] ?? '', answer);
  }

  private take(demand: Demand): Choice[] {
    const { need } = demand;
    const answers = need.architectures.flatMap((architecture): [Architecture, StoreAnswer][] => {
      const answer = this.answers.get(keyOf(need, architecture));
      return answer === undefined ? [] : [[architecture, answer]];
    });
    const fitting = answers.filter(
      (entry): entry is [Architecture, Found] => entry[1].found && runsOn(entry[1].revision.architectures, entry[0]),
    );
    const chosen = fitting.length === 0 ? this.forOtherDevices(need, answers) : fitting;
    // A revision need not run on all of them; a channel has one for each, or devices will miss it.
    const isComplete = chosen.length > 0 && (need.revision !== null || chosen.length === answers.length);
    if (!isComplete) this.complain(need, answers);
    return chosen.flatMap(([architecture, answer]) => this.choice(demand, architecture, answer));
  }

  /** A revision tells by itself what it is for, where nobody has said so. */
  private forOtherDevices(
    need: Need,
    answers: readonly (readonly [Architecture, StoreAnswer])[],
  ): [Architecture, Found][] {
    const found = answers.map(([, answer]) => answer).find((answer) => answer.found);
    if (need.revision === null || need.areArchitecturesSaid || found === undefined) return [];
    return found.revision.architectures.flatMap((architecture): [Architecture, Found][] =>
      architecture === 'all' ? [] : [[architecture, found]],
    );
  }

  private complain(need: Need, answers: readonly (readonly [Architecture, StoreAnswer])[]): void {
    const who = need.reason.of === null ? '' : `, which ${need.reason.of} needs (${need.reason.kind})`;
    for (const [architecture, answer] of answers) {
      if (answer.found && runsOn(answer.revision.architectures, architecture)) continue;
      const text = `${this.describe(need, architecture)} is not to be had${who}: ${whyNot(answer)}`;
      if (need.isOptional) this.note(`${text}; it is optional`);
      else this.problems.push(text);
    }
  }

  private describe(need: Need, architecture: Architecture): string {
    if (need.revision !== null) return `revision ${need.revision} of ${need.name} for ${architecture}`;
    const channel = this.questions.channelOf(need.name, need.channel);
    return `${need.name} for ${architecture}${channel === null ? '' : ` from ${channel.toString()}`}`;
  }

  private choice(demand: Demand, architecture: Architecture, answer: Found): Choice[] {
    const { need } = demand;
    const { revision } = answer;
    const key = `${revision.snapId} ${architecture} ${revision.revision}`;
    const before = this.choices.get(key);
    const info = this.questions.infoOf(need.name);
    const choice = before ?? new Choice(architecture, revision, info?.details ?? answer.details, info);
    if (before === undefined) {
      this.choices.set(key, choice);
      this.choicesByName.set(need.name, [...(this.choicesByName.get(need.name) ?? []), choice]);
    }
    this.release(choice, need, answer);
    this.link(demand, choice);
    return before === undefined ? [choice] : [];
  }

  private release(choice: Choice, need: Need, answer: Found): void {
    const { name } = need;
    if (need.releaseTo !== null) {
      for (const text of need.releaseTo) choice.release(this.channelFor(name, text), null);
      return;
    }
    if (need.revision !== null) return;
    const asked = this.channelFor(name, need.channel);
    const found = answer.channel ?? asked;
    choice.release(found, answer.releasedAt);
    if (found.toString() !== asked.toString())
      this.note(`${name} for ${choice.architecture}: ${asked.toString()} follows ${found.toString()}`);
  }

  private channelFor(name: string, text: string | null): Channel {
    return this.questions.channelOf(name, text) ?? Channel.parseWithDefaultTrack('stable', DEFAULT_TRACK);
  }

  private link({ from, need }: Demand, to: Choice): void {
    const missing = to.missingComponents(need.components);
    for (const component of missing) {
      this.problems.push(`revision ${to.revision.revision} of ${to.name} has no component "${component}"`);
    }
    to.takeComponents(need.components);
    const key = `${this.numberOf(from)} ${this.numberOf(to)} ${need.reason.kind} ${need.reason.of ?? ''}`;
    this.edges.set(key, { from, to, reason: need.reason });
  }

  private numberOf(node: Root | Choice): number {
    const number = this.numbers.get(node) ?? this.numbers.size;
    this.numbers.set(node, number);
    return number;
  }
}

function keyOf({ name, snapId, revision, channel, cohortKey }: Need, architecture: Architecture): string {
  return JSON.stringify([name, snapId, architecture, revision, revision === null ? channel : null, cohortKey]);
}

function whyNot(answer: StoreAnswer): string {
  if (answer.found) return `it is for ${answer.revision.architectures.join(', ')}`;
  const { code, message, releases } = answer;
  const elsewhere = releases.slice(0, 10).map(({ architecture, channel }) => `${channel} for ${architecture}`);
  const instead = elsewhere.length === 0 ? '' : `; there is ${elsewhere.join(', ')}`;
  return `the store says ${code}${message === '' ? '' : ` (${message})`}${instead}`;
}

import { malformed } from '../assertion.errors.js';
import { type CharacterTest, isWord, parseRegexp, type RegexpNode } from './regexp-syntax.js';

type Step =
  | { readonly op: 'character'; readonly test: CharacterTest }
  | { readonly op: 'assert'; readonly what: (RegexpNode & { kind: 'assert' })['what'] }
  | { readonly op: 'split'; readonly to: readonly number[] }
  | { readonly op: 'match' };

const MAX_STEPS = 10_000;

/**
 * A regular expression in Go's language that must match a whole text. It takes time proportional to the text whatever the
 * expression, which comes from an assertion: JavaScript's own engine can be made to run for years.
 */
export class WholeTextRegexp {
  private readonly steps: Step[] = [];
  private readonly syntax: RegexpNode;

  /** @throws AssertionRefusedError where it is no regular expression, or one that would take too much room */
  constructor(pattern: string) {
    this.syntax = parseRegexp(pattern);
    if (sizeOf(this.syntax) > MAX_STEPS) throw malformed('type-rule', 'a regular expression is too large');
  }

  matches(text: string): boolean {
    // Most are only ever checked; a few short ones can stand for millions of steps.
    if (this.steps.length === 0) this.compileWhole();
    const characters = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    let threads = this.follow([0], characters, 0);
    for (const [position, character] of characters.entries()) {
      const next: number[] = [];
      for (const thread of threads) {
        const step = this.steps[thread];
        if (step?.op === 'character' && step.test(character)) next.push(thread + 1);
      }
      threads = this.follow(next, characters, position + 1);
      if (threads.size === 0) return false;
    }
    return threads.has(this.steps.length - 1);
  }

  private compileWhole(): void {
    this.compile(this.syntax);
    this.add({ op: 'match' });
  }

  /** Everything that is reached from these steps without reading a character. */
  private follow(from: readonly number[], characters: readonly number[], position: number): Set<number> {
    const reached = new Set<number>();
    const toVisit = [...from];
    for (let index = toVisit.pop(); index !== undefined; index = toVisit.pop()) {
      if (reached.has(index)) continue;
      reached.add(index);
      const step = this.steps[index];
      if (step?.op === 'split') toVisit.push(...step.to);
      if (step?.op === 'assert' && holds(step.what, characters, position)) toVisit.push(index + 1);
    }
    return reached;
  }

  private compile(node: RegexpNode): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'character':
        this.add({ op: 'character', test: node.test });
        return;
      case 'assert':
        this.add({ op: 'assert', what: node.what });
        return;
      case 'sequence':
        for (const part of node.parts) this.compile(part);
        return;
      case 'choice':
        this.compileChoice(node.options);
        return;
      case 'repeat':
        this.compileRepeat(node.part, node.min, node.max);
        return;
    }
  }

  private compileChoice(options: readonly RegexpNode[]): void {
    const split = this.add({ op: 'split', to: [] });
    const starts: number[] = [];
    const exits: number[] = [];
    for (const option of options) {
      starts.push(this.steps.length);
      this.compile(option);
      exits.push(this.add({ op: 'split', to: [] }));
    }
    this.steps[split] = { op: 'split', to: starts };
    for (const exit of exits) this.steps[exit] = { op: 'split', to: [this.steps.length] };
  }

  private compileRepeat(part: RegexpNode, min: number, max: number | null): void {
    for (let count = 0; count < min; count += 1) this.compile(part);
    if (max === null) {
      const split = this.add({ op: 'split', to: [] });
      this.compile(part);
      this.add({ op: 'split', to: [split] });
      this.steps[split] = { op: 'split', to: [split + 1, this.steps.length] };
      return;
    }
    const splits: number[] = [];
    for (let count = min; count < max; count += 1) {
      splits.push(this.add({ op: 'split', to: [] }));
      this.compile(part);
    }
    for (const split of splits) this.steps[split] = { op: 'split', to: [split + 1, this.steps.length] };
  }

  private add(step: Step): number {
    return this.steps.push(step) - 1;
  }
}

/** No less than the steps that it takes. */
function sizeOf(node: RegexpNode): number {
  switch (node.kind) {
    case 'empty':
      return 0;
    case 'character':
    case 'assert':
      return 1;
    case 'sequence':
      return node.parts.reduce((size, part) => size + sizeOf(part), 0);
    case 'choice':
      return node.options.reduce((size, option) => size + sizeOf(option) + 1, 1);
    case 'repeat':
      return Math.max(node.min + 1, node.max ?? 0) * (sizeOf(node.part) + 2);
  }
}

function holds(
  what: (RegexpNode & { kind: 'assert' })['what'],
  characters: readonly number[],
  position: number,
): boolean {
  const before = characters[position - 1];
  const after = characters[position];
  switch (what) {
    case 'start':
      return before === undefined;
    case 'end':
      return after === undefined;
    case 'line-start':
      return before === undefined || before === 10;
    case 'line-end':
      return after === undefined || after === 10;
    case 'boundary':
      return isWordAt(before) !== isWordAt(after);
    case 'no-boundary':
      return isWordAt(before) === isWordAt(after);
  }
}

function isWordAt(character: number | undefined): boolean {
  return character !== undefined && isWord(character);
}

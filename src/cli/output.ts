import { stringify } from 'yaml';

import type { TextSink } from './io.js';

export const FORMATS = ['text', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputOptions {
  readonly format: Format;
  readonly quiet: boolean;
  readonly color: boolean;
}

export type Color = 'red' | 'green' | 'yellow' | 'dim';

const COLOR_CODES: Record<Color, number> = { red: 31, green: 32, yellow: 33, dim: 2 };

/**
 * Results go to stdout, and nothing else does: one JSON or YAML document where that format is asked for. Notes, progress and
 * errors go to stderr.
 */
export class Output {
  constructor(
    private readonly stdout: TextSink,
    private readonly stderr: TextSink,
    readonly options: OutputOptions,
  ) {}

  get stdoutIsTerminal(): boolean {
    return this.stdout.isTerminal;
  }

  get isText(): boolean {
    return this.options.format === 'text';
  }

  /** The command's answer: `value` for machines, `text` for people. An empty text prints nothing. */
  result(value: unknown, text: () => string): void {
    if (this.options.format === 'json') this.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else if (this.options.format === 'yaml') this.stdout.write(stringify(value));
    else this.text(text());
  }

  /** One line, or several, of a text answer that comes bit by bit; nothing for machines, who get `result` at the end. */
  text(text: string): void {
    if (this.isText && text !== '') this.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** One JSON document on a line of its own, for answers without an end (`serve`). */
  event(value: unknown): void {
    if (this.options.format === 'json') this.stdout.write(`${JSON.stringify(value)}\n`);
    else if (this.options.format === 'yaml') this.stdout.write(`---\n${stringify(value)}`);
  }

  /** Bytes as they are, in whatever format. */
  raw(text: string): void {
    this.stdout.write(text);
  }

  /** Something worth knowing that is no error. */
  note(text: string): void {
    if (!this.options.quiet)
      this.stderr.write(`${this.options.format === 'json' ? JSON.stringify({ note: text }) : `note: ${text}`}\n`);
  }

  paint(color: Color, text: string): string {
    const painted = this.options.color && this.isText && this.stdout.hasColor;
    return painted ? `\u001b[${COLOR_CODES[color]}m${text}\u001b[0m` : text;
  }
}

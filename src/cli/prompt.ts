import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

import { InputNeededError, InterruptedError } from './cli.errors.js';
import type { CommandLineIo } from './io.js';

const MAX_LENGTH = 4096;

/**
 * Asks the person at the terminal: questions go to stderr, and what is hidden is not shown while it is typed. A terminal gets back
 * as it was, whatever happens.
 */
export class Prompter {
  private readonly lines: string[] = [];
  private waiting: { readonly take: (line: string) => void; readonly fail: (error: Error) => void } | null = null;
  private ended: Error | null = null;
  /** Only while a question waits for an answer that may be seen: a password may be typed ahead. */
  private isShown = false;

  private constructor(
    private readonly io: CommandLineIo,
    private readonly terminal: Interface,
  ) {}

  /** Whether there is somebody to ask. */
  static isPossible(io: CommandLineIo): boolean {
    return io.stdin.isTTY === true && io.stderr.isTerminal;
  }

  /** Asks for as long as `work` goes on. */
  static async with<T>(io: CommandLineIo, work: (prompter: Prompter) => Promise<T>): Promise<T> {
    const echo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (prompter.isShown) io.stderr.write(chunk.toString('utf8'));
        done();
      },
    });
    const terminal = createInterface({ input: io.stdin, output: echo, terminal: true, historySize: 0 });
    const prompter = new Prompter(io, terminal);
    prompter.listen();
    try {
      return await work(prompter);
    } finally {
      terminal.close();
    }
  }

  /** A line as it was typed, without blanks at its ends. @throws InterruptedError, InputNeededError at the end of input */
  async line(question: string): Promise<string> {
    return (await this.ask(question)).trim();
  }

  /** A line that is not shown. @throws InterruptedError, InputNeededError at the end of input */
  async hidden(question: string): Promise<string> {
    this.io.stderr.write(question);
    try {
      return await this.next();
    } finally {
      this.io.stderr.write('\n');
    }
  }

  /** A secret that nobody could check otherwise, typed twice. */
  async hiddenTwice(question: string, again: string): Promise<string> {
    for (;;) {
      const first = await this.hidden(question);
      if (first === (await this.hidden(again))) return first;
      this.say('These are not the same.');
    }
  }

  say(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  private ask(question: string): Promise<string> {
    // Its own prompt: editing the line draws it again.
    this.isShown = true;
    this.terminal.setPrompt(question);
    this.terminal.prompt();
    return this.next();
  }

  private next(): Promise<string> {
    const line = this.lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.ended !== null) return Promise.reject(this.ended);
    return new Promise((take, fail) => {
      this.waiting = { take, fail };
    });
  }

  private listen(): void {
    const { signal } = this.io;
    const end = (error: Error): void => {
      this.ended ??= error;
      this.waiting?.fail(this.ended);
      this.waiting = null;
    };
    const abort = (): void => {
      end(signal.reason instanceof Error ? signal.reason : new InterruptedError('interrupted'));
    };
    this.terminal.on('line', (line) => {
      this.isShown = false;
      if (line.length > MAX_LENGTH) end(new InputNeededError(`an answer has at most ${MAX_LENGTH} characters`));
      else if (this.waiting === null) this.lines.push(line);
      else this.waiting.take(line);
      this.waiting = null;
    });
    // A terminal that is read key by key makes no signal of Ctrl-C.
    this.terminal.on('SIGINT', () => {
      end(new InterruptedError('interrupted; nothing was left half-done'));
    });
    this.terminal.on('close', () => {
      signal.removeEventListener('abort', abort);
      end(new InputNeededError('the input ended before the question was answered'));
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
}

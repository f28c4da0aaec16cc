import type { TextSink } from './io.js';
import type { OutputOptions } from './output.js';
import { renderBytes } from './table.js';

const REDRAW_EVERY_MS = 100;
const BAR_CELLS = 24;

/** How far a step is. */
export interface ProgressState {
  /** Such as `reading` or `verifying`. */
  readonly step: string;
  readonly done: number;
  /** Null where nobody knows. */
  readonly total: number | null;
  readonly unit: 'bytes' | 'items' | 'seconds';
  readonly bytesPerSecond?: number | null;
  readonly secondsLeft?: number | null;
}

/**
 * Says on stderr how long work goes on: a bar on a terminal, one line a step elsewhere, one JSON document a step with
 * `--format json`. It costs nothing to tell it often.
 */
export class Progress {
  private step = '';
  private drawnAt = 0;
  private drawn = false;

  constructor(
    private readonly what: string,
    private readonly stderr: TextSink,
    private readonly options: Pick<OutputOptions, 'format' | 'quiet'>,
    private readonly columns: () => number | null,
    private readonly now: () => number = Date.now,
  ) {}

  report(state: ProgressState): void {
    if (this.options.quiet) return;
    const isNewStep = state.step !== this.step;
    this.step = state.step;
    if (this.options.format !== 'text') {
      if (isNewStep) this.stderr.write(`${JSON.stringify({ progress: { what: this.what, ...state } })}\n`);
      return;
    }
    const columns = this.columns();
    if (columns === null) {
      if (isNewStep) this.stderr.write(`${this.what}: ${state.step}\n`);
      return;
    }
    const now = this.now();
    if (!isNewStep && now - this.drawnAt < REDRAW_EVERY_MS) return;
    this.drawnAt = now;
    this.drawn = true;
    this.stderr.write(`\r\u001b[K${renderBar(this.what, state).slice(0, columns - 1)}`);
  }

  /** Takes the bar away, so that what comes next starts on a line of its own. */
  end(): void {
    if (this.drawn) this.stderr.write('\r\u001b[K');
    this.drawn = false;
    this.step = '';
  }
}

function renderBar(what: string, state: ProgressState): string {
  const { step, done, total, unit } = state;
  const amount = (number: number): string => {
    if (unit === 'bytes') return renderBytes(number);
    return unit === 'seconds' ? `${number} s` : String(number);
  };
  // A step whose end nobody knows and that counts nothing.
  if ((total === null || total === 0) && done === 0) return `${what}: ${step}`;
  if (total === null || total === 0) return `${what}: ${step} ${amount(done)}`;
  const share = Math.min(done / total, 1);
  const filled = Math.round(share * BAR_CELLS);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_CELLS - filled);
  return `${what}: ${step} [${bar}] ${Math.floor(share * 100)}% of ${amount(total)}${renderPace(state)}`;
}

/** `, 3.2 MiB/s, 1:05 left` */
function renderPace({ bytesPerSecond = null, secondsLeft = null }: ProgressState): string {
  const rate = bytesPerSecond === null ? '' : `, ${renderBytes(bytesPerSecond)}/s`;
  if (secondsLeft === null) return rate;
  const [hours, minutes, seconds] = [secondsLeft / 3600, (secondsLeft / 60) % 60, secondsLeft % 60].map(Math.floor);
  const clock = [...(hours === 0 ? [] : [hours]), minutes, seconds].map((part, index) =>
    index === 0 ? String(part) : String(part).padStart(2, '0'),
  );
  return `${rate}, ${clock.join(':')} left`;
}

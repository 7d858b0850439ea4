// Which sightings the map shows: all of them, or those up to a moment; plays them in their order.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Match } from "../../api";
import { placed } from "./data";

const MOST_STEPS = 60;
const STEP_MS = 650;

export class Timeline {
  /** The number of the moment shown; null: all of them. */
  readonly step = signal<number | null>(null);
  readonly isPlaying = signal(false);
  readonly moments: ReadonlySignal<number[]>;
  readonly until: ReadonlySignal<number | null>;
  readonly shown: ReadonlySignal<Match[]>;
  /** What the last step added. */
  readonly latest: ReadonlySignal<Match[]>;

  private clock: ReturnType<typeof setInterval> | undefined;

  constructor(matches: ReadonlySignal<Match[]>) {
    this.moments = computed(() => momentsOf(matches.value));
    this.until = computed(() => (this.step.value === null ? null : (this.moments.value[this.step.value] ?? null)));
    this.shown = computed(() => {
      const { value: until } = this.until;
      return until === null ? matches.value : matches.value.filter((match) => Date.parse(match.seen_at) <= until);
    });
    this.latest = computed(() => {
      const before = this.moments.value[(this.step.value ?? 0) - 1] ?? -Infinity;
      return this.until.value === null ? [] : placed(this.shown.value).filter((match) => Date.parse(match.seen_at) > before);
    });
  }

  to(step: number): void {
    this.pause();
    this.step.value = step >= this.last ? null : step;
  }

  /** From here, or from the first one where all are shown. */
  play(): void {
    this.pause();
    this.isPlaying.value = true;
    this.step.value ??= 0;
    this.clock = setInterval(() => {
      const next = (this.step.value ?? this.last) + 1;
      if (next <= this.last) this.step.value = next;
      else {
        this.pause();
        this.step.value = null;
      }
    }, STEP_MS);
  }

  pause(): void {
    clearInterval(this.clock);
    this.isPlaying.value = false;
  }

  get last(): number {
    return this.moments.value.length - 1;
  }
}

/** The moments of the sightings that have a place, in order; of very many, evenly chosen ones up to the last. */
function momentsOf(matches: Match[]): number[] {
  const all = [...new Set(placed(matches).map((match) => Date.parse(match.seen_at)))].sort((a, b) => a - b);
  if (all.length <= MOST_STEPS) return all;
  return Array.from({ length: MOST_STEPS }, (_, n) => all[Math.round(((n + 1) * all.length) / MOST_STEPS) - 1]!);
}

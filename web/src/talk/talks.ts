// The conversations of one report.
import { signal } from "@preact/signals";
import { asProblem, type Handover, type Message, newKey, type Problem, type Server, type Words } from "../api";

export interface Talk {
  handover: Handover;
  messages: Message[];
  /** The other side has erased its report: what was said stands here until the page is loaded again. */
  isGone?: boolean;
}

export class Talks {
  readonly all = signal<Talk[]>([]);
  /** Whether the server has told of them; until then they may be such as this device remembers. */
  readonly areFresh = signal(false);
  /** When they were as this device remembers them. */
  readonly keptAt = signal<number | null>(null);

  constructor(
    private readonly server: Server,
    private readonly onFresh: (talks: Talk[]) => void = () => {},
  ) {}

  /** As they were, until the server tells. */
  recall(all: Talk[], at: number): void {
    if (this.areFresh.value) return;
    this.all.value = all;
    this.keptAt.value = at;
  }

  propose(lostId: string, foundId: string): Promise<Problem | null> {
    return this.attempt(() => this.server.propose(lostId, foundId));
  }

  answer(talk: Talk, agrees: boolean): Promise<Problem | null> {
    return this.attempt(() => this.server.answer(talk.handover.id, agrees));
  }

  write(talk: Talk, words: Words, key = newKey()): Promise<Problem | null> {
    return this.attempt(() => this.server.write(talk.handover.id, words, key));
  }

  end(talk: Talk): Promise<Problem | null> {
    return this.attempt(() => this.server.end(talk.handover.id));
  }

  picture(path: string): Promise<string> {
    return this.server.picture(path);
  }

  /** What went wrong, if anything did: it is said where it was asked for. That the other side is gone is said by the conversation. */
  private async attempt(work: () => Promise<unknown>): Promise<Problem | null> {
    try {
      await work();
    } catch (error) {
      const before = this.goneCount;
      const problem = asProblem(error);
      if (problem.status === 403 || problem.status === 404) await this.refresh(); // perhaps the other side is gone
      return this.goneCount === before ? problem : null;
    }
    await this.refresh();
    return null;
  }

  private get goneCount(): number {
    return this.all.value.filter(({ isGone }) => isGone).length;
  }

  async refresh(): Promise<void> {
    try {
      const handovers = await this.server.handovers();
      const messages = await Promise.all(handovers.map((handover) => this.server.messages(handover.id)));
      const fresh = handovers.map((handover, n) => ({ handover, messages: messages[n]! }));
      const gone = this.all.value.filter(({ handover }) => !handovers.some(({ id }) => id === handover.id));
      this.all.value = [
        ...fresh,
        ...gone.map((talk) => ({ ...talk, handover: { ...talk.handover, is_open: false, is_over: true }, isGone: true })),
      ];
      this.areFresh.value = true;
      this.onFresh(fresh);
    } catch {
      // the page itself says when there is no connection; the next event asks again
    }
  }
}

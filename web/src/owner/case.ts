// The owner's case: the report, its matches, what is chosen of them. List and map read the same signals.
import { computed, signal } from "@preact/signals";
import { type Change, type Match, Problem, type Report, type Server, type Verdict } from "../api";
import { shrunk } from "../report/pictures";
import { Talks } from "../talk/talks";
import { EVERYTHING, type Filter, hiddenBy, readFilter, shown, type Sort, writeFilter } from "./filters";
import { forget, keep, recall } from "./kept";

const SETTLE_MS = 400;
const PENDING_MS = 2000;
const RETRY_MS = 5000;

export class Case {
  readonly report = signal<Report | null>(null);
  readonly matches = signal<Match[]>([]);
  readonly problem = signal<Problem | null>(null);
  /** When what is shown was known, where it is not fresh. */
  readonly knownAt = signal<number | null>(null);
  readonly selected = signal<string | null>(null);
  /** What a small screen shows; a large one has both. */
  readonly view = signal<"list" | "map">("list");
  readonly news = signal(0);
  readonly filter = signal<Filter>(EVERYTHING);
  readonly sort = signal<Sort>("degree");
  readonly shown = computed(() => shown(this.matches.value, this.filter.value, this.sort.value));
  readonly hiddenBy = computed(() => hiddenBy(this.matches.value, this.filter.value));
  readonly rank = computed(() => new Map(this.matches.value.map((match, n) => [match.found_id, n + 1])));

  readonly talks: Talks;

  /** Stop listening. */
  close: () => void = () => {};

  /** All matches came once: what comes after is news. */
  private isWhole = false;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    readonly server: Server,
  ) {
    this.talks = new Talks(server);
    const address = location.search || localStorage.getItem(this.filterKey) || "";
    const chosen = readFilter(address);
    this.filter.value = chosen.filter;
    this.sort.value = chosen.sort;
  }

  /** Open with the link's token where there is one, else with the cookie of an earlier time; then stay up to date. */
  async open(token: string | null): Promise<void> {
    try {
      await Promise.all([token && this.server.openSession(token), this.begin()]);
      this.close = this.server.listen(
        () => this.refreshSoon(),
        () => void this.talks.refresh(),
      );
    } catch (error) {
      this.fail(error, () => void this.open(token));
    }
  }

  async judge(match: Match, verdict: Verdict, close = false): Promise<void> {
    await this.attempt(async () => {
      const { found_ids } = await this.server.judge(match.found_id, verdict, close);
      const judged = new Set([match.found_id, ...found_ids]);
      this.matches.value = this.matches.value.map((each) => (judged.has(each.found_id) ? { ...each, verdict } : each));
      if (close) this.report.value = await this.server.report();
      this.refreshSoon();
    });
  }

  async change(change: Change): Promise<void> {
    await this.attempt(async () => {
      this.report.value = await this.server.change(change);
      this.refreshSoon();
    });
  }

  async addPhotos(files: File[]): Promise<void> {
    await this.attempt(async () => {
      this.report.value = await this.server.addPhotos(await Promise.all(files.map(shrunk)));
      this.refreshSoon();
    });
  }

  /** News by e-mail, once the address is confirmed. */
  askForLetters(email: string): Promise<void> {
    return this.server.askForLetters(email);
  }

  /** The same choice in the other view. */
  showOnMap(foundId: string): void {
    this.selected.value = foundId;
    this.view.value = "map";
  }

  choose(filter: Filter, sort: Sort = this.sort.value): void {
    this.filter.value = filter;
    this.sort.value = sort;
    const query = writeFilter(filter, sort);
    localStorage.setItem(this.filterKey, query ? `?${query}` : "");
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : ""));
  }

  async refresh(): Promise<void> {
    const [report, matches] = await Promise.all([this.server.report(), this.server.matches()]);
    this.takeAll(report, matches);
  }

  /** The best ones at once, however slow the line; then all. */
  private async begin(): Promise<void> {
    const report = await this.server.report();
    this.show(report, report.matches);
    this.takeAll(report, await this.server.matches());
  }

  private takeAll(report: Report, matches: Match[]): void {
    const known = new Set(this.matches.value.map((match) => match.found_id));
    if (this.isWhole && !this.knownAt.value) {
      this.news.value += matches.filter((match) => !known.has(match.found_id)).length;
    }
    this.isWhole = true;
    this.show(report, matches);
  }

  private show(report: Report, matches: Match[]): void {
    this.report.value = report;
    this.matches.value = matches;
    this.problem.value = null;
    this.knownAt.value = null;
    keep(this.id, { report, matches, at: Date.now() });
    if (report.pending) setTimeout(() => this.refreshSoon(), PENDING_MS);
  }

  private refreshSoon(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => void this.attempt(() => this.refresh()), SETTLE_MS);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.fail(error, () => this.refreshSoon());
    }
  }

  private fail(error: unknown, again: () => void): void {
    const problem = error instanceof Problem ? error : new Problem(500, "internal", String(error));
    if (problem.status === 401 || problem.status === 403) forget(this.id);
    const kept = problem.status === 0 ? recall(this.id) : null;
    if (kept && !this.report.value) {
      this.report.value = kept.report;
      this.matches.value = kept.matches;
    }
    if (problem.status === 0) {
      this.knownAt.value = kept?.at ?? null;
      this.tryAgain(again);
    }
    this.problem.value = problem;
  }

  /** Once, after a time or as soon as there is a network. */
  private tryAgain(again: () => void): void {
    clearTimeout(this.retrying);
    const once = () => {
      clearTimeout(this.retrying);
      removeEventListener("online", once);
      again();
    };
    addEventListener("online", once, { once: true });
    this.retrying = setTimeout(once, RETRY_MS);
  }

  private get filterKey(): string {
    return `homeward.filter.${this.id}`;
  }
}

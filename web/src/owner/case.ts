// The owner's case: the report, its matches, what is chosen of them. List and map read the same signals.
import { computed, signal } from "@preact/signals";
import { asProblem, type Change, ERASED, type Match, Problem, type Report, type Server, type Verdict } from "../api";
import type { Send } from "./AddPhotos";
import { Talks } from "../talk/talks";
import { EVERYTHING, type Filter, hiddenBy, readFilter, shown, type Sort, writeFilter } from "./filters";
import { Over } from "./over";
import { dropUnnamed, forget, keep, keepFilter, keepTalks, keepUnsent, recall, recallFilter, recallTalks, recallUnsent, type Unsent } from "./kept";

const SETTLE_MS = 400;
const PENDING_MS = 2000;
const RETRY_MS = 5000;
/** The addresses of pictures are good for half a day; a page that comes to the front after so long asks for new ones. */
const STALE_MS = 3_600_000;
/** What is less likely stands in the list, but is neither counted nor news. */
const LEAST = 0.05;
/** No network, no right to the case: the whole page says so. */
const CONCERNS_ALL = [0, 401, 403];

export function isLikely(match: Match): boolean {
  return match.verdict === "same" || (match.verdict !== "different" && match.degree >= LEAST);
}

export class Case {
  readonly report = signal<Report | null>(null);
  readonly matches = signal<Match[]>([]);
  readonly problem = signal<Problem | null>(null);
  /** When what is shown was known, where it is not fresh. */
  readonly knownAt = signal<number | null>(null);
  readonly selected = signal<string | null>(null);
  readonly over = new Over(() => this.writeAddress()); // whatever was chosen on the way, the address says so
  /** Matches that came while the page was open, by their ids; nobody has looked at them yet. */
  readonly news = signal<readonly string[]>([]);
  readonly filter = signal<Filter>(EVERYTHING);
  readonly sort = signal<Sort>("degree");
  readonly shown = computed(() => shown(this.matches.value, this.filter.value, this.sort.value, this.before.value));
  readonly hiddenBy = computed(() => hiddenBy(this.matches.value, this.filter.value));
  readonly rank = computed(() => new Map(this.matches.value.map((match, n) => [match.found_id, n + 1])));

  /** As they were when they were answered on this page: they keep their place, and the reader theirs, until another order is chosen. */
  private readonly before = signal<ReadonlyMap<string, Match>>(new Map());
  /** What the owner said of matches while there was no network. */
  private readonly words = signal<readonly Unsent[]>([]);
  /** The word that waits, by its match. */
  readonly unsent = computed(() => new Map(this.words.value.map(({ foundId, verdict }) => [foundId, verdict])));

  readonly talks: Talks;

  /** Stop listening. */
  close: () => void = () => {};

  /** All matches came once: what comes after is news. */
  private isWhole = false;
  private shownAt = 0;
  /** What could not be done for want of a network, and is done once there is one. */
  private waiting: (() => Promise<unknown>)[] = [];
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    readonly server: Server,
  ) {
    this.talks = new Talks(server, (all) => keepTalks(id, all));
    const asked = readFilter(location.search);
    const isAsked = writeFilter(asked.filter, asked.sort) !== "";
    const chosen = isAsked ? asked : readFilter(recallFilter(id));
    this.filter.value = chosen.filter;
    this.sort.value = chosen.sort;
    this.words.value = recallUnsent(id);
    this.writeAddress();
  }

  /** Open with the link's token where there is one, else with the cookie of an earlier time; then stay up to date. */
  async open(token: string | null): Promise<void> {
    try {
      await Promise.all([token && this.server.openSession(token), this.begin()]);
      for (const said of this.words.value) void this.tell(said);
      if (this.talks.keptAt.value !== null && !this.talks.areFresh.value) void this.talks.refresh(); // as they are now, whenever news come
      const deaf = this.server.listen(
        () => this.refreshSoon(),
        () => void this.talks.refresh(),
      );
      document.addEventListener("visibilitychange", this.look);
      this.close = () => {
        deaf();
        document.removeEventListener("visibilitychange", this.look);
      };
    } catch (error) {
      this.waiting = []; // opening does all of it
      this.fail(error, () => this.open(token));
    }
  }

  judge(match: Match, verdict: Verdict, close = false): Promise<boolean> {
    return this.tell({ foundId: match.found_id, verdict, close });
  }

  private tell(said: Unsent): Promise<boolean> {
    const { foundId, verdict, close } = said;
    let isLate = false;
    return this.attempt(async () => {
      if (isLate && !this.words.value.includes(said)) return; // another word took its place meanwhile
      isLate = true;
      const { found_ids } = await this.server.judge(foundId, verdict, close).catch((error: unknown) => {
        this.waits(said, error instanceof Problem && error.status === 0);
        throw error;
      });
      this.waits(said, false);
      const judged = new Set([foundId, ...found_ids]);
      const asTheyWere = this.matches.value.filter((each) => judged.has(each.found_id));
      this.before.value = new Map([...asTheyWere.map((each) => [each.found_id, each] as const), ...this.before.value]);
      this.matches.value = this.matches.value.map((each) => (judged.has(each.found_id) ? { ...each, verdict } : each));
      if (close) this.report.value = await this.server.report();
      this.refreshSoon();
    });
  }

  change(change: Change): Promise<Problem | null> {
    return this.once(async () => {
      this.report.value = await this.server.change(change);
      this.refreshSoon();
    });
  }

  addPhoto: Send = (...chosen) => {
    return this.once(async () => {
      this.report.value = await this.server.addPhoto(...chosen);
      this.refreshSoon();
    });
  };

  /** The copy on this device loses it at once. */
  takeOff(photoId: string): Promise<Problem | null> {
    return this.once(async () => {
      this.show(await this.server.takeOff(photoId), this.matches.value);
      dropUnnamed();
      this.refreshSoon();
    });
  }

  /** For good, on the server and on this device; what it comes back with says so. */
  erase(): Promise<Problem | null> {
    return this.once(async () => {
      await this.server.erase();
      throw ERASED;
    });
  }

  /** To the newest ones that came meanwhile. */
  showNews(): void {
    const came = new Set(this.news.value);
    this.news.value = [];
    if (!this.shown.value.some((match) => came.has(match.found_id))) this.choose(EVERYTHING); // the filter hides all of them
    const best = this.shown.value.find((match) => came.has(match.found_id));
    if (best) this.selected.value = best.found_id;
  }

  /** News by e-mail, once the address is confirmed. */
  askForLetters(email: string): Promise<void> {
    return this.server.askForLetters(email);
  }

  /** The same choice in the other view. */
  showOnMap(foundId: string): void {
    this.selected.value = foundId;
    this.over.show("map");
  }

  choose(filter: Filter, sort: Sort = this.sort.value): void {
    this.filter.value = filter;
    this.sort.value = sort;
    this.before.value = new Map();
    keepFilter(this.id, this.writeAddress());
  }

  async refresh(): Promise<void> {
    const [report, matches] = await Promise.all([this.server.report(), this.server.matches()]);
    this.takeAll(report, matches);
  }

  /** What is chosen, into the address, so that it can be shared; the same as was written there. */
  private writeAddress(): string {
    const query = writeFilter(this.filter.value, this.sort.value);
    const search = query ? `?${query}` : "";
    history.replaceState(history.state, "", location.pathname + search + location.hash);
    return search;
  }

  /** The best ones at once, however slow the line; then all. */
  private async begin(): Promise<void> {
    const report = await this.server.report();
    this.show(report, report.matches);
    this.takeAll(report, await this.server.matches());
  }

  private takeAll(report: Report, matches: Match[]): void {
    const known = new Set(this.matches.value.map((match) => match.found_id));
    if (this.isWhole) {
      const came = matches.flatMap((match) => (known.has(match.found_id) || !isLikely(match) ? [] : [match.found_id]));
      this.news.value = [...this.news.value, ...came];
    }
    this.isWhole = true;
    this.show(report, matches);
    dropUnnamed();
  }

  private show(report: Report, matches: Match[]): void {
    this.report.value = report;
    this.matches.value = matches;
    this.problem.value = null;
    this.knownAt.value = null;
    this.shownAt = Date.now();
    keep(this.id, { report, matches, at: Date.now() });
    if (report.pending) setTimeout(() => this.refreshSoon(), PENDING_MS);
  }

  private refreshSoon(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => void this.attempt(() => this.refresh()), SETTLE_MS);
  }

  private look = (): void => {
    if (!document.hidden && Date.now() - this.shownAt > STALE_MS) this.refreshSoon();
  };

  /**
   * What kept it from being done, if anything did: it is said where it was asked for. Nothing waits for a network that
   * is kept in this tab alone: whoever asked may close it, or think anew.
   */
  private async once(work: () => Promise<void>): Promise<Problem | null> {
    try {
      await work();
      return null;
    } catch (error) {
      const problem = asProblem(error);
      if (CONCERNS_ALL.includes(problem.status)) this.fail(problem, () => this.attempt(() => this.refresh()));
      return problem;
    }
  }

  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.fail(error, () => this.attempt(work));
      return false;
    }
  }

  private fail(error: unknown, again: () => Promise<unknown>): void {
    const problem = asProblem(error);
    if (problem.status === 401 || problem.status === 403) forget(this.id);
    if (problem.code === ERASED.code) this.close();
    const kept = problem.status === 0 ? recall(this.id) : null;
    if (kept && !this.report.value) {
      this.report.value = kept.report;
      this.matches.value = kept.matches ?? [];
    }
    if (problem.status === 0) {
      this.knownAt.value = kept?.at ?? null;
      const talks = recallTalks(this.id);
      if (talks) this.talks.recall(talks.all, talks.at);
      this.tryAgain(again);
    }
    this.problem.value = problem;
  }

  /** After a time or as soon as there is a network. */
  private tryAgain(again: () => Promise<unknown>): void {
    this.waiting.push(again);
    clearTimeout(this.retrying);
    this.retrying = setTimeout(this.retry, RETRY_MS);
    addEventListener("online", this.retry);
  }

  /** Of two words on one match the later one counts. */
  private waits(said: Unsent, isWaiting: boolean): void {
    const others = this.words.value.filter(({ foundId }) => foundId !== said.foundId);
    this.words.value = isWaiting ? [...others, said] : others;
    keepUnsent(this.id, [...this.words.value]);
  }

  /** In their order. */
  retry = async (): Promise<void> => {
    clearTimeout(this.retrying);
    removeEventListener("online", this.retry);
    const waiting = this.waiting;
    this.waiting = [];
    for (const again of waiting) await again();
  };
}

// Talks to the server: JSON in and out, problems (RFC 9457) as errors, one open report per call.
import { base } from "./telegram/telegram";
import { dropToken } from "./ui/token";
import { type Going, untilSent } from "./upload";

export interface Place {
  lat: number | null;
  lon: number | null;
  name: string | null;
  district: string | null;
}

export interface Picture {
  id: string;
  thumb: string;
  crop: string;
  full: string;
}

export interface Animal {
  box: [number, number, number, number];
  species: Species;
  confidence: number;
  chosen: boolean;
}

export interface Photo extends Picture {
  width: number;
  height: number;
  animals: Animal[];
  /** False where no animal is made out on it: the board never shows a whole photo. Null until it was looked at. */
  board_may_show: boolean | null;
}

export type Species = "cat" | "dog";
export type Verdict = "same" | "different" | "unsure";
export type DegreeWord = "very_likely" | "likely" | "possible" | "unlikely" | "very_unlikely";

export interface Match {
  found_id: string;
  photo: Picture;
  l2_distance: number;
  degree: number;
  degree_word: DegreeWord;
  degree_text: string;
  reasons: { code: string; value: number | null; text: string }[];
  seen_at: string;
  place: Place | null;
  distance_km: number | null;
  camera: { id: string; name: string } | null;
  source: "person" | "camera";
  species: Species;
  breed: { code: string; name: string; probability: number } | null;
  held: "held" | "seen_loose" | null;
  /** What the finder wrote about the animal; the server hides contacts in it. */
  description: string | null;
  encounter: string;
  verdict: Verdict | null;
  model: string;
  compared_pairs: number;
}

export interface Report {
  id: string;
  shelf: "lost" | "found";
  species: Species;
  status: "open" | "reunited" | "closed" | "expired" | "hidden";
  hidden_because: string | null;
  happened_at: string;
  place: Place | null;
  home: Place | null;
  name: string | null;
  description: string | null;
  photos: Photo[];
  pending: boolean;
  muted_until: string | null;
  listed: boolean;
  /** The lost report that a finder answers, from a poster or a board. */
  about: string | null;
  /** Kept back by the owner as a proof; the server shows it to nobody else. */
  secret_mark: string | null;
}

/** A lost pet as the finder may see it: a district and a band of distance. */
export interface Owner {
  lost_id: string;
  photo: Picture;
  degree: number;
  degree_word: DegreeWord;
  name: string | null;
  species: Species;
  district: string | null;
  distance_band_km: [number, number | null] | null;
  verdict: Verdict | null;
}

/** A conversation between an owner and a finder, as this side sees it. */
export interface Handover {
  id: string;
  side: "lost" | "found";
  lost_id: string;
  found_id: string;
  i_agree: boolean;
  other_agrees: boolean;
  is_open: boolean;
  is_over: boolean;
  pet_is_home: boolean;
  /** Whose it is about, for the finder; null for the owner, and where operators hide the report. */
  pet: { name: string | null; species: Species; district: string | null; photo: Picture | null } | null;
  /** The owner's own; null for the finder, who learns only whether there is one. */
  secret_mark: string | null;
  has_secret_mark: boolean;
}

export interface Message {
  id: number;
  is_mine: boolean;
  created_at: string;
  text: string | null;
  place: { lat: number; lon: number } | null;
  photo: string | null;
}

export interface Words {
  text?: string;
  place?: { lat: number; lon: number };
  photo?: Blob;
}

export interface Change {
  name?: string | null;
  description?: string | null;
  happened_at?: string;
  status?: "open" | "reunited" | "closed";
  muted_until?: string | null;
  listed?: boolean;
  secret_mark?: string | null;
  home_lat?: number;
  home_lon?: number;
}

/** Where the streets of a map come from: a style elsewhere (light, dark), or a file of this server, or nowhere. */
export interface Ground {
  style: string | null;
  style_dark: string | null;
  file: string | null;
  districts: GeoJSON.FeatureCollection;
}

export interface MatchPage {
  items: Match[];
  next: string | null;
  total: number;
}

/** What went wrong, as the server says it; `status` 0 means that it was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly hint: string | null = null,
    /** What of the request it is about. */
    readonly field: string | undefined = undefined,
  ) {
    super(detail);
  }
}

/** What the server says to the link of a report that was erased. */
export const ERASED = new Problem(401, "report_erased", "");

/** Whatever was thrown. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(500, "internal", String(error));
}

export const BASE = "/api/v1";
const PAGE = 200;
/** Between two tries to hear of news. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [2000, 60_000];

/** What maps are drawn on; a plain ground where that cannot be had. */
export async function fetchGround(): Promise<Ground> {
  const nothing: Ground = { style: null, style_dark: null, file: null, districts: { type: "FeatureCollection", features: [] } };
  try {
    const answer = await fetch(`${BASE}/map`);
    return answer.ok ? await answer.json() : nothing;
  } catch {
    return nothing;
  }
}

/** Whether this server sends letters. */
export async function sendsLetters(): Promise<boolean> {
  try {
    const answer = await fetch("/version");
    return answer.ok && Boolean((await answer.json()).email);
  } catch {
    return false;
  }
}

/** What this browser subscribes with for web push. */
export async function pushKey(): Promise<string> {
  const answer = await answered("GET", "/push", {}, new Headers());
  return ((await answer.json()) as { key: string }).key;
}

/** What needs no report: a JSON body to an address, its JSON answer. */
export async function ask<T>(path: string, body: unknown, language: string): Promise<T> {
  const headers = new Headers({ "Accept-Language": language });
  const answer = await answered("POST", path, { body: JSON.stringify(body) }, headers);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

/** A key of its own for a request; `crypto.randomUUID` is missing on a house's own network without https. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The answer to one request; anything but success is a `Problem`. */
export async function answered(method: string, path: string, init: RequestInit, headers: Headers): Promise<Response> {
  if (typeof init.body === "string") headers.set("Content-Type", "application/json");
  if (method === "POST" && !headers.has("Idempotency-Key")) headers.set("Idempotency-Key", newKey());
  let answer: Response;
  try {
    answer = await fetch(BASE + path, { ...init, method, headers });
  } catch {
    throw new Problem(0, "unreachable", "");
  }
  if (answer.ok) return answer;
  throw problemOf(answer.status, await answer.json().catch(() => ({})), headers.get("Accept-Language") ?? "en");
}

/** Details and hints are English; readers of other languages get the title, which the server translates. */
export function problemOf(status: number, told: Record<string, string | undefined>, language: string): Problem {
  const code = told.code ?? "internal";
  if (!language.startsWith("en")) return new Problem(status, code, told.title ?? "", null, told.field);
  return new Problem(status, code, told.detail ?? "", told.hint ?? null, told.field);
}

/** One report, opened by the cookie that `openSession` gets for it. */
export class Server {
  private session: Promise<void> | null = null;
  /** A link's, until there is the cookie. */
  private token: string | null = null;

  constructor(
    private readonly reportId: string,
    private readonly language: string,
  ) {}

  /**
   * Exchange a link's token, or in Telegram what it signed when the page was opened, for a cookie; once.
   * What is asked meanwhile goes with the link's token or waits.
   */
  openSession(token: string): Promise<void> {
    this.session ??= this.exchange(token).catch((error: unknown) => {
      this.session = null;
      throw error;
    });
    return this.session;
  }

  /** A lost one with its best matches. */
  report(): Promise<Report & { matches: Match[] }> {
    return this.json("GET", `/reports/${this.reportId}`);
  }

  change(change: Change): Promise<Report> {
    return this.json("PATCH", `/reports/${this.reportId}`, change);
  }

  /** Sent twice with the same `key` it is added once; ``keep``: also where no animal is seen on it. */
  async addPhoto(photo: Blob, keep: boolean, key: string, onGoing: (going: Going) => void): Promise<Report> {
    const form = new FormData();
    form.append("photo", photo, "photo.jpg");
    if (keep) form.append("keep_without_animal", "true");
    return (await untilSent(`/reports/${this.reportId}/photos`, form, await this.opened(key), onGoing)) as Report;
  }

  /** The report's own, secret and all: whoever has it can do what this page can. */
  async link(): Promise<string> {
    return (await this.json<{ link: string }>("GET", `/reports/${this.reportId}/link`)).link;
  }

  /** Erase a photo; one that is gone already, as after an answer that was lost, is off. */
  takeOff(photoId: string): Promise<Report> {
    return this.json<Report>("DELETE", `/reports/${this.reportId}/photos/${photoId}`).catch((error: Problem) => {
      if (error.status === 404) return this.report();
      throw error;
    });
  }

  /** All matches that are kept, best first. */
  async matches(): Promise<Match[]> {
    const items: Match[] = [];
    let cursor: string | null = null;
    do {
      const after: string = cursor ? `&cursor=${cursor}` : "";
      const page: MatchPage = await this.json("GET", `/lost/${this.reportId}/matches?limit=${PAGE}${after}`);
      items.push(...page.items);
      cursor = page.next;
    } while (cursor);
    return items;
  }

  /** Every photo of a match's found animal, the deciding one first. */
  async foundPhotos(foundId: string): Promise<Picture[]> {
    const page: { items: Picture[] } = await this.json("GET", `/lost/${this.reportId}/matches/${foundId}/photos`);
    return page.items;
  }

  /** The lost pets that a found animal may be, best first. */
  async owners(): Promise<Owner[]> {
    const page: { items: Owner[] } = await this.json("GET", `/found/${this.reportId}/matches?limit=${PAGE}`);
    return page.items;
  }

  /** Have a letter sent that asks whether news should come to this address. */
  async askForLetters(email: string): Promise<void> {
    const offset = -new Date().getTimezoneOffset();
    await this.json("POST", `/reports/${this.reportId}/email`, { email, language: this.language, utc_offset_min: offset });
  }

  /** Tell this browser of the report's news. */
  async startPush({ endpoint, keys }: PushSubscriptionJSON): Promise<void> {
    const utc_offset_min = -new Date().getTimezoneOffset();
    const body = JSON.stringify({ endpoint, keys, language: this.language, utc_offset_min });
    await this.call("PUT", `/reports/${this.reportId}/push`, { body });
  }

  async stopPush(endpoint: string): Promise<void> {
    await this.call("POST", `/reports/${this.reportId}/push/stop`, { body: JSON.stringify({ endpoint }) });
  }

  async handovers(): Promise<Handover[]> {
    const page: { items: Handover[] } = await this.json("GET", `/handovers?report_id=${this.reportId}`);
    return page.items;
  }

  async messages(handoverId: string): Promise<Message[]> {
    const page: { items: Message[] } = await this.json("GET", `/handovers/${handoverId}/messages`);
    return page.items;
  }

  /** Ask the other side to talk. */
  propose(lostId: string, foundId: string): Promise<Handover> {
    return this.json("POST", "/handovers", { lost_id: lostId, found_id: foundId });
  }

  answer(handoverId: string, agrees: boolean): Promise<Handover> {
    return this.json("PUT", `/handovers/${handoverId}/answer`, { agrees });
  }

  /** Sent twice with the same ``key`` it is said once. */
  async write(handoverId: string, { text, place, photo }: Words, key: string): Promise<void> {
    const form = new FormData();
    if (text) form.append("text", text);
    if (place) form.append("lat", String(place.lat));
    if (place) form.append("lon", String(place.lon));
    if (photo) form.append("photo", photo, "photo.jpg");
    await this.call("POST", `/handovers/${handoverId}/messages`, { body: form }, key);
  }

  async end(handoverId: string): Promise<void> {
    await this.call("DELETE", `/handovers/${handoverId}`, {});
  }

  /** A picture of a conversation; the caller revokes the address. */
  async picture(path: string): Promise<string> {
    const answer = await this.call("GET", path.slice(BASE.length), {});
    return URL.createObjectURL(await answer.blob());
  }

  /** Erase the report for good. */
  async erase(): Promise<void> {
    await this.call("DELETE", `/reports/${this.reportId}`, {});
  }

  /** What the owner says of a match; counts for the whole encounter. */
  judge(foundId: string, verdict: Verdict, close = false): Promise<{ found_ids: string[] }> {
    return this.json("PUT", `/lost/${this.reportId}/matches/${foundId}/verdict`, { verdict, close });
  }

  /** Calls back on each new match, verdict and change, and whenever a conversation moves, and after each gap; returns what ends it. */
  listen(onMatch: () => void, onTalk: () => void): () => void {
    let source: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    let pause = FIRST_PAUSE_MS;
    const open = () => {
      clearTimeout(again);
      source = new EventSource(`${BASE}/events?report_id=${this.reportId}`);
      source.addEventListener("match", onMatch);
      source.addEventListener("verdict", onMatch);
      source.addEventListener("report", onMatch);
      source.addEventListener("talk", onTalk);
      source.addEventListener("open", () => {
        pause = FIRST_PAUSE_MS;
        onMatch();
        onTalk();
      });
      source.addEventListener("error", () => {
        if (source.readyState !== EventSource.CLOSED) return; // the browser itself tries again
        again = setTimeout(open, pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      });
    };
    /** An answer that is no stream, as of a server that starts anew, ends a browser's own tries for good. */
    const wake = () => {
      if (source.readyState === EventSource.CLOSED) open();
    };
    open();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      clearTimeout(again);
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      source.close();
    };
  }

  private async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
    return (await answer.json()) as T;
  }

  private async exchange(token: string): Promise<void> {
    if (base) {
      const body = JSON.stringify({ init_data: token, report_id: this.reportId });
      await answered("POST", "/telegram/session", { body }, this.headers());
      return;
    }
    this.token = token;
    await answered("POST", "/session", {}, this.headers()).catch((error: Problem) => {
      if (error.status !== 0) dropToken();
      throw error;
    });
    this.token = null;
    dropToken();
  }

  private async call(method: string, path: string, init: RequestInit, key?: string): Promise<Response> {
    return answered(method, path, init, await this.opened(key));
  }

  /** The headers of a request that opens the report. */
  private async opened(key?: string): Promise<Headers> {
    if (!this.token) await this.session;
    const headers = this.headers();
    if (key) headers.set("Idempotency-Key", key);
    return headers;
  }

  private headers(): Headers {
    const headers = new Headers({ "Accept-Language": this.language, "Homeward-Report": this.reportId });
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    return headers;
  }
}

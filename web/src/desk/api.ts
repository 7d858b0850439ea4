// The desk's calls: the cookie that a key was exchanged for, and a header that no other site can send with it.
import { signal } from "@preact/signals";
import { answered, Problem, type Species } from "../api";

export interface Me {
  name: string;
  role: "operator" | "volunteer";
  waiting: { pairs: number; reports?: number; petitions?: number };
}

export interface Side {
  photos: string[];
  district: string | null;
  day: string;
}

export interface Pair {
  lost_id: string;
  found_id: string;
  species: Species;
  lost: Side;
  found: Side;
}

export type Opinion = "same" | "different" | "unsure" | "not_comparable";

export interface Deed {
  id: number;
  at: string;
  who: string;
  act: string;
  subject: string;
  why: string;
}

export type Decision = "keep" | "hide" | "show" | "close" | "erase";

export interface Moderated {
  id: string;
  shelf: "lost" | "found";
  species: Species;
  status: "open" | "reunited" | "closed" | "expired" | "hidden";
  happened_at: string;
  created_at: string;
  name: string | null;
  description: string | null;
  contact: string | null;
  listed: boolean;
  district: string | null;
  place: string | null;
  photos: { thumb: string; crop: string; full: string }[];
  complaints: { kind: string; text: string; created_at: string }[];
  history: Deed[];
  is_blocked: boolean;
}

export interface Block {
  id: string;
  why: string;
  by: string;
  created_at: string;
  until: string | null;
  network: boolean;
  holds: boolean;
}

export interface Petition {
  id: string;
  kind: "erasure" | "appeal" | "question";
  text: string;
  contact: string;
  about: string;
  created_at: string;
  due_at: string;
  answer: string | null;
  answered_at: string | null;
}

export interface Camera {
  id: string;
  name: string;
  place: { lat: number; lon: number; district: string | null };
  last_heartbeat_at: string | null;
  last_sighting_at: string | null;
  paused: boolean;
  state: string;
}

export interface CameraDraft {
  name: string;
  district: string;
  lat: number;
  lon: number;
}

export interface Sighting {
  id: string;
  happened_at: string;
  photo: { thumb: string; crop: string } | null;
}

export interface Curve {
  species: string;
  part: string;
  knots_l2: number[];
  llr: number[];
  alert_degree: number | null;
  pairs_same: number | null;
  pairs_different: number | null;
  calibration_error: number | null;
}

export interface Card {
  name: string;
  kind: "embedder" | "detector";
  licence: string;
  about: string;
  in_use: boolean;
  alert_degree: number | null;
  /** Whatever the card's makers measured; any shape. */
  figures: Record<string, unknown> | null;
  thresholds: Record<string, number> | null;
  curves: Curve[];
}

export interface Models {
  items: Card[];
  reindex: { model: string; next: string | null; embedded: number; total: number; failed: string | null; waiting: number };
}

export interface Health {
  ready: Record<string, boolean>;
  figures: Record<string, number>;
  queues: { name: string; waiting: number; failing: number; oldest_at: string | null; error: string | null }[];
  disk: { free_bytes: number; total_bytes: number; database_bytes: number } | null;
  spools: { id: string; name: string; waiting: number | null }[];
  sends_letters: boolean;
  version: string;
}

export interface Key {
  id: string;
  name: string;
  scope: string;
  created_at: string;
  revoked_at: string | null;
}

export interface Items<T> {
  items: T[];
  next: string | null;
}

/** One person at the desk. `isOver` turns true once the server does not know the session any more. */
export class Desk {
  readonly isOver = signal(false);

  constructor(private readonly language: string) {}

  async signIn(key: string): Promise<void> {
    await this.call("POST", "/desk/session", {}, { Authorization: `Bearer ${key}` });
    this.isOver.value = false;
  }

  get<T>(path: string): Promise<T> {
    return this.json("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.json("POST", path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.json("PATCH", path, body);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.call("PUT", path, { body: JSON.stringify(body) });
  }

  async remove(path: string): Promise<unknown> {
    const answer = await this.call("DELETE", path, {});
    return answer.status === 204 ? null : answer.json();
  }

  private async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
    return (await answer.json()) as T;
  }

  private async call(method: string, path: string, init: RequestInit, more: Record<string, string> = {}): Promise<Response> {
    const headers = new Headers({ "Accept-Language": this.language, "Homeward-Desk": "1", ...more });
    try {
      return await answered(method, path, init, headers);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.isOver.value = true;
      throw error;
    }
  }
}

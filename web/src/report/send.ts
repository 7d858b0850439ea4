// Sends what somebody reports, and asks what is on a photo before it is sent.
import { type Animal, type MatchPage, newKey, Problem, problemOf, type Report, type Species } from "../api";

const PAUSES_MS = [1000, 4000];
const WORKED_ON_MS = 2000;
/** An upload of which nothing more goes out for so long has broken off, though nobody says so. */
const STALLED_MS = 90_000;

export type Shelf = "lost" | "found";

export interface Draft {
  shelf: Shelf;
  photos: Blob[];
  species: Species | null;
  keepWithoutAnimal: boolean;
  /** On each photo, which of the animals on it. */
  animals: number[];
  place: { lat: number; lon: number } | null;
  isHome: boolean;
  address: string;
  happenedAt: string;
  held: "held" | "seen_loose" | null;
  name: string;
  description: string;
  secretMark: string;
  /** The lost report that a finder answers, from a poster or a board. */
  about: string | null;
  listed: boolean;
}

export type Filed = Report & { link: string; matches: MatchPage["items"] };

export interface LookedAt {
  width: number;
  height: number;
  animals: Animal[];
}

/** What the server sees on a photo; nothing is kept of it. */
export async function look(photo: Blob, language: string): Promise<LookedAt> {
  const form = new FormData();
  form.append("photo", photo, "photo.jpg");
  const body = (await post("/detections", form, language)) as { photos: LookedAt[] };
  return body.photos[0]!;
}

/** How the sending goes: the share that is on its way, or that the connection broke off and it is tried again. */
export type Going = number | "again";

/** File it. The same `key` sent twice files it once. */
export function file(draft: Draft, language: string, key: string, onGoing: (going: Going) => void): Promise<Filed> {
  const form = new FormData();
  for (const [name, text] of Object.entries(textsOf(draft))) if (text !== null) form.append(name, text);
  draft.photos.forEach((photo, n) => form.append("photo", photo, `${n}.jpg`));
  return untilSent(() => post("/reports", form, language, key, onGoing), () => onGoing("again")) as Promise<Filed>;
}

/** Equal for drafts that would be sent alike. Of the mark that only the owner knows it tells no more than the length. */
export function printOf(draft: Draft): string {
  const texts = { ...textsOf(draft), secret_mark: draft.secretMark.trim().length };
  return JSON.stringify([texts, draft.photos.map((photo) => photo.size)]);
}

function textsOf(draft: Draft): Record<string, string | null> {
  return {
    shelf: draft.shelf,
    species: draft.species,
    keep_without_animal: draft.keepWithoutAnimal ? "true" : null,
    animal: draft.animals.some((animal) => animal > 0) ? draft.animals.join() : null,
    lat: draft.place && String(draft.place.lat),
    lon: draft.place && String(draft.place.lon),
    home_lat: draft.isHome && draft.place ? String(draft.place.lat) : null,
    home_lon: draft.isHome && draft.place ? String(draft.place.lon) : null,
    address: draft.address.trim() || null,
    happened_at: draft.happenedAt ? new Date(draft.happenedAt).toISOString() : null,
    held: draft.held,
    name: draft.name.trim() || null,
    description: draft.description.trim() || null,
    secret_mark: draft.secretMark.trim() || null,
    about: draft.about,
    listed: draft.listed ? "true" : null,
  };
}

/**
 * Where the connection breaks off, send again with the same key: after a time, or as soon as there is a network. What
 * the server has of an earlier try and still works on is asked for until it is done.
 */
async function untilSent(send: () => Promise<unknown>, onBroken: () => void): Promise<unknown> {
  const pauses = [...PAUSES_MS];
  for (;;) {
    try {
      return await send();
    } catch (error) {
      const pause = isWorkedOn(error) ? WORKED_ON_MS : error instanceof Problem && error.status === 0 ? pauses.shift() : undefined;
      if (pause === undefined) throw error;
      onBroken();
      await new Promise((done) => {
        addEventListener("online", done, { once: true });
        setTimeout(done, pause);
      });
    }
  }
}

function isWorkedOn(error: unknown): boolean {
  return error instanceof Problem && error.status === 409 && error.field === "Idempotency-Key";
}

/** With progress of the upload, which `fetch` cannot tell. */
function post(
  path: string,
  form: FormData,
  language: string,
  key: string = newKey(),
  onProgress?: (share: number) => void,
): Promise<unknown> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1${path}`);
    request.setRequestHeader("Accept-Language", language);
    request.setRequestHeader("Idempotency-Key", key);
    request.responseType = "json";
    const fail = () => failed(new Problem(0, "unreachable", ""));
    let stalled = setTimeout(() => request.abort(), STALLED_MS);
    request.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED_MS);
      onProgress?.(loaded / total);
    };
    request.onerror = request.onabort = fail;
    request.onloadend = () => clearTimeout(stalled);
    request.onload = () => {
      const body = request.response ?? {};
      if (request.status < 300) done(body);
      else failed(problemOf(request.status, body, language));
    };
    request.send(form);
  });
}

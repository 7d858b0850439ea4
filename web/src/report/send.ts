// Sends what somebody reports, and asks what is on a photo before it is sent.
import { type Animal, type MatchPage, newKey, type Report, type Species } from "../api";
import { type Going, post, untilSent } from "../upload";
import { glimpse } from "./pictures";

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
  /** On the device's clock; empty for now, which the server's clock tells, whatever the device's shows. */
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
  /** How many pixels of the photo that will be filed one of these is. */
  scale: number;
}

/**
 * What the server sees on a photo; nothing is kept of it. One animal shows on a small copy, which a slow line has through
 * at once; which of several is meant, and where none shows, is said of the photo that will be filed.
 */
export async function look(photo: Blob, language: string): Promise<LookedAt> {
  const small = await glimpse(photo);
  const seen = small && (await seenOn(small.copy, language, small.scale));
  return seen?.animals.length === 1 ? seen : seenOn(photo, language, 1);
}

async function seenOn(photo: Blob, language: string, scale: number): Promise<LookedAt> {
  const form = new FormData();
  form.append("photo", photo, "photo.jpg");
  const body = (await post("/detections", form, headersOf(language, newKey()))) as { photos: Omit<LookedAt, "scale">[] };
  return { ...body.photos[0]!, scale };
}

/** File it. The same `key` sent twice files it once. */
export function file(draft: Draft, language: string, key: string, onGoing: (going: Going) => void): Promise<Filed> {
  const form = new FormData();
  for (const [name, text] of Object.entries(textsOf(draft))) if (text !== null) form.append(name, text);
  draft.photos.forEach((photo, n) => form.append("photo", photo, `${n}.jpg`));
  return untilSent("/reports", form, headersOf(language, key), onGoing) as Promise<Filed>;
}

function headersOf(language: string, key: string): Headers {
  return new Headers({ "Accept-Language": language, "Idempotency-Key": key });
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

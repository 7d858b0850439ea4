// A half-filled report, kept on this device for a day: a reload, or a tab that the phone closed, loses nothing.
import type { Species } from "../api";
import type { Draft, LookedAt, Shelf } from "./send";

/** What a person has given so far; `fields` are the named inputs of the form. */
export interface Begun {
  fields: Record<string, string>;
  photos: { jpeg: Blob; seen: LookedAt | null; animal: number }[];
  species: Species | null;
  place: Draft["place"];
  isHome: boolean;
  attempt: Attempt;
  at: number;
}

/** One sending, repeated under its key until it is answered. `print` tells whether it is still the same report. */
export interface Attempt {
  key: string;
  print: string;
}

const STORE = "drafts";
const KEPT_MS = 24 * 3600 * 1000;
/** The proof of ownership does not lie about on a device. */
const NEVER_KEPT = "secret_mark";

/** What was begun here, null if nothing was, if it is older than a day, or where the browser keeps nothing. */
export async function begun(shelf: Shelf, about: string | null): Promise<Begun | null> {
  const name = nameOf(shelf, about);
  const kept = await within<Begun | undefined>("readonly", (drafts) => drafts.get(name)).catch(() => undefined);
  if (kept && Date.now() - kept.at < KEPT_MS) return kept;
  if (kept) await forgetDraft(shelf, about);
  return null;
}

export async function keepDraft(shelf: Shelf, about: string | null, draft: Omit<Begun, "at">): Promise<void> {
  const { [NEVER_KEPT]: _, ...fields } = draft.fields;
  const kept: Begun = { ...draft, fields, at: Date.now() };
  await within("readwrite", (drafts) => drafts.put(kept, nameOf(shelf, about))).catch(() => {});
}

export async function forgetDraft(shelf: Shelf, about: string | null): Promise<void> {
  await within("readwrite", (drafts) => drafts.delete(nameOf(shelf, about))).catch(() => {});
}

function nameOf(shelf: Shelf, about: string | null): string {
  return about ? `${shelf}/${about}` : shelf;
}

async function within<Result>(mode: IDBTransactionMode, work: (drafts: IDBObjectStore) => IDBRequest): Promise<Result> {
  const opening = indexedDB.open("homeward");
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled<IDBDatabase>(opening);
  try {
    return await settled<Result>(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function settled<Result>(request: IDBRequest): Promise<Result> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result as Result);
    request.onerror = () => failed(request.error);
  });
}

// A half-filled report, kept on this device for a day: a reload, or a tab that the phone closed, loses nothing.
import type { Species } from "../api";
import { remember, remembered, unremember } from "../ui/storage";
import type { Draft, LookedAt, Shelf } from "./send";
import { elsewhere } from "./tabs";
import type { When } from "./when";

/** What a person has given so far, but for the photos; `fields` are the named inputs of the form. */
export interface Begun {
  /** The same for all tabs that go on with it. */
  id: string;
  fields: Record<string, string>;
  species: Species | null;
  place: Draft["place"];
  isHome: boolean;
  when: When;
  attempt: Attempt;
  photoIds: string[];
  /** How many more were chosen and are not made small yet. */
  preparing: number;
}

/** What was begun, with the photos that were kept, and how many others there were; `hadMark`: a secret mark too. */
export type Resumed = Begun & { photos: BegunPhoto[]; lost: number; hadMark: boolean };

export interface BegunPhoto {
  id: string;
  jpeg: Blob;
  seen: LookedAt | null;
  animal: number;
}

/** One sending, repeated under its key until it is answered. `print` tells whether it is still the same report. */
export interface Attempt {
  key: string;
  print: string;
}

const STORE = "drafts";
const KEPT_MS = 24 * 3600 * 1000;
/** A browser's store of photos may never answer; the form does not wait for it. */
const PATIENCE_MS = 3000;
/** The proof of ownership does not lie about on a device. */
const NEVER_KEPT = "secret_mark";

/**
 * The draft of one form. All but its photos is kept before `keep` returns, so that a page that is left right after a letter
 * or a tap has it. Photos lie apart, in a store that takes its time: they are on their way to it before `keepPhotos` returns,
 * and what did not arrive is counted when the draft is gone on with.
 */
export class KeptDraft {
  readonly name: string;
  private hadMark = false;

  constructor(shelf: Shelf, about: string | null) {
    this.name = about ? `${shelf}/${about}` : shelf;
  }

  /** What was begun here; null if nothing was, if it is older than a day, or where the browser keeps nothing. */
  async begun(): Promise<Resumed | null> {
    const kept = JSON.parse(remembered(this.begunName) ?? "null") as (Begun & { at: number; hadMark: boolean }) | null;
    if (!kept) return null;
    if (Date.now() - kept.at > KEPT_MS) {
      this.forget();
      return null;
    }
    this.hadMark = kept.hadMark;
    const asked = within<BegunPhoto[] | undefined>("readonly", (drafts) => drafts.get(this.photos)).catch(() => []);
    const tired = new Promise<[]>((done) => setTimeout(() => done([]), PATIENCE_MS));
    const stored = (await Promise.race([asked, tired])) ?? [];
    const photos = stored.filter(({ id }) => kept.photoIds.includes(id));
    const lost = kept.photoIds.length - photos.length + (kept.preparing ?? 0);
    const isWorthIt = photos.length > 0 || lost > 0 || kept.place || Object.values(kept.fields).some(Boolean);
    return isWorthIt ? { ...kept, photos, lost } : null;
  }

  /** Nothing of what another tab goes on with, or has sent. */
  keep(draft: Begun): void {
    if (elsewhere(this.name, draft.id)) return;
    const { [NEVER_KEPT]: mark, ...fields } = draft.fields;
    remember(this.begunName, JSON.stringify({ ...draft, fields, hadMark: this.hadMark || Boolean(mark), at: Date.now() }));
  }

  keepPhotos(id: string, photos: BegunPhoto[]): void {
    if (elsewhere(this.name, id)) return;
    write((drafts) => drafts.put(photos, this.photos));
  }

  forget(): void {
    this.hadMark = false;
    unremember(this.begunName);
    write((drafts) => drafts.delete(this.photos));
  }

  private get begunName(): string {
    return `homeward.draft.begun.${this.name}`;
  }

  private get photos(): string {
    return `${this.name}/photos`;
  }
}

/** A browser that keeps nothing is no reason to stop. */
function write(work: (drafts: IDBObjectStore) => IDBRequest): void {
  within<void>("readwrite", work).catch(() => {});
}

/** Held open: what is written later need not wait for it. */
let held: IDBDatabase | null = null;

/** Once the store is open, the work is handed over before this returns, and done even if the page is left then. */
async function within<Result>(mode: IDBTransactionMode, work: (drafts: IDBObjectStore) => IDBRequest): Promise<Result> {
  const transaction = (held ?? (await opened())).transaction(STORE, mode);
  const request = work(transaction.objectStore(STORE));
  transaction.commit?.(); // else it waits for a page that may be gone
  return settled<Result>(request);
}

async function opened(): Promise<IDBDatabase> {
  const opening = indexedDB.open("homeward");
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled<IDBDatabase>(opening);
  database.onclose = () => (held = null);
  return (held = database);
}

function settled<Result>(request: IDBRequest): Promise<Result> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result as Result);
    request.onerror = () => failed(request.error);
  });
}

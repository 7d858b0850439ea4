// The same draft in several tabs of one device: one of them goes on with it at a time, and all learn that it was sent.
import { newKey } from "../api";
import { remember, remembered, rememberedHere, rememberHere } from "../ui/storage";

/** What another tab did with the draft that is shown here: it goes on with it, or sent it to the page at `path`. */
export type Elsewhere = { what: "opened" } | { what: "sent"; path: string };

interface Told {
  draft: string;
  tab: string;
  path?: string;
}

const tab = newKey();

/** The draft `name` is shown in this tab, under its `id`: others that show it stop there. */
export function tellOpened(name: string, id: string): void {
  rememberHere(shownName(name), id);
  remember(openedName(name), JSON.stringify({ draft: id, tab } satisfies Told));
}

export function tellSent(name: string, id: string, path: string): void {
  rememberHere(shownName(name), "");
  remember(sentName(name), JSON.stringify({ draft: id, tab, path } satisfies Told));
}

/** What became elsewhere of the draft `id`, as far as it is known now. */
export function elsewhere(name: string, id: string): Elsewhere | null {
  const [sent, opened] = [told(sentName(name)), told(openedName(name))];
  if (sent?.draft === id && sent.tab !== tab && sent.path) return { what: "sent", path: sent.path };
  return opened?.draft === id && opened.tab !== tab ? { what: "opened" } : null;
}

/** Where the draft went that this tab showed before it was loaded anew; null unless another one sent it. */
export function sentSince(name: string): Elsewhere | null {
  const shown = rememberedHere(shownName(name));
  const became = shown ? elsewhere(name, shown) : null;
  return became?.what === "sent" ? became : null;
}

/** Calls back whenever something may have become of a draft; a tab that the phone put to sleep learns of it once it wakes. */
export function onElsewhere(tell: () => void): () => void {
  addEventListener("storage", tell);
  document.addEventListener("visibilitychange", tell);
  return () => {
    removeEventListener("storage", tell);
    document.removeEventListener("visibilitychange", tell);
  };
}

function told(key: string): Told | null {
  return JSON.parse(remembered(key) ?? "null") as Told | null;
}

function openedName(name: string): string {
  return `homeward.draft.opened.${name}`;
}

function sentName(name: string): string {
  return `homeward.draft.sent.${name}`;
}

function shownName(name: string): string {
  return `draft-${name}`;
}

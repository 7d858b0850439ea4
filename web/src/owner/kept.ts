// The last data of a report, kept on this device so that its page opens without a network.
import type { Match, Message, Owner, Report, Verdict } from "../api";
import type { Talk } from "../talk/talks";
import { remember, remembered, rememberedUnder, unremember } from "../ui/storage";

export interface Kept {
  report: Report;
  matches?: Match[];
  /** Of an animal that was found: whose it may be. */
  owners?: Owner[];
  at: number;
}

const PREFIX = "homeward.case.";
const MOST_MATCHES = 200;
/** Of each conversation, the newest. */
const MOST_MESSAGES = 100;

export function keep(id: string, kept: Kept): void {
  const report = { ...kept.report, secret_mark: null }; // the proof does not lie about
  remember(name(id), JSON.stringify({ ...kept, report, matches: kept.matches?.slice(0, MOST_MATCHES) ?? [] }));
}

/** Once all of a case was heard anew: pictures that no case of this device names any more go from it, as of photos that were taken off. */
export function dropUnnamed(): void {
  const named = recallAll().flatMap(({ report, matches = [], owners = [] }) => {
    const pets = recallTalks(report.id)?.all.map(({ handover }) => handover.pet?.photo?.id) ?? [];
    return [...[...report.photos, ...[...matches, ...owners].map(({ photo }) => photo)].map((photo) => photo.id), ...pets];
  });
  navigator.serviceWorker?.controller?.postMessage({ named });
}

export function recall(id: string): Kept | null {
  const found = remembered(name(id));
  return found ? (JSON.parse(found) as Kept) : null;
}

/** All cases of this device, the last opened first. */
export function recallAll(): Kept[] {
  return rememberedUnder(PREFIX)
    .flatMap((key) => recall(key.slice(PREFIX.length)) ?? [])
    .sort((a, b) => b.at - a.at);
}

export function forget(id: string): void {
  unremember(name(id));
  unremember(unsentName(id));
  unremember(talksName(id));
  unremember(filterName(id));
  navigator.serviceWorker?.controller?.postMessage("forget");
}

/** The conversations of a case, as they were. */
export interface KeptTalks {
  all: Talk[];
  at: number;
}

/** Only while the case itself is kept: what comes after it was forgotten brings nothing back. */
export function keepTalks(id: string, talks: Talk[]): void {
  if (remembered(name(id)) === null) return;
  const kept: KeptTalks = { all: talks.map(withoutProof), at: Date.now() };
  remember(talksName(id), JSON.stringify(kept));
}

export function recallTalks(id: string): KeptTalks | null {
  return JSON.parse(remembered(talksName(id)) ?? "null") as KeptTalks | null;
}

/** Nor does the proof lie about where it was told to the other side, nor with that side, which may have been told it in any words. */
function withoutProof({ handover, messages }: Talk): Talk {
  const { secret_mark: mark, side, has_secret_mark: hasMark } = handover;
  const mayTell = ({ is_mine: isMine, text }: Message) => (side === "found" ? hasMark && !isMine : mark && text?.includes(mark));
  const newest = messages.slice(-MOST_MESSAGES);
  return {
    handover: { ...handover, secret_mark: null },
    messages: newest.map((message) => (mayTell(message) ? { ...message, text: null } : message)),
  };
}

/** What an owner said of a match while there was no network; told once there is one, be it on another day. */
export interface Unsent {
  foundId: string;
  verdict: Verdict;
  close: boolean;
}

export function keepUnsent(id: string, words: Unsent[]): void {
  if (words.length > 0) remember(unsentName(id), JSON.stringify(words));
  else unremember(unsentName(id));
}

export function recallUnsent(id: string): Unsent[] {
  return JSON.parse(remembered(unsentName(id)) ?? "[]") as Unsent[];
}

/** Which matches the owner wants to see, and in which order, as an address says it; only while the case itself is kept. */
export function keepFilter(id: string, query: string): void {
  if (remembered(name(id)) !== null) remember(filterName(id), query);
}

export function recallFilter(id: string): string {
  return remembered(filterName(id)) ?? "";
}

function name(id: string): string {
  return PREFIX + id;
}

function talksName(id: string): string {
  return `homeward.talks.${id}`;
}

function filterName(id: string): string {
  return `homeward.filter.${id}`;
}

function unsentName(id: string): string {
  return `homeward.unsent.${id}`;
}

// The last data of a report, kept on this device so that its page opens without a network.
import type { Match, Report, Verdict } from "../api";
import { remember, remembered, rememberedUnder, unremember } from "../ui/storage";

export interface Kept {
  report: Report;
  matches?: Match[];
  at: number;
}

const PREFIX = "homeward.case.";
const MOST_MATCHES = 200;

export function keep(id: string, kept: Kept): void {
  const report = { ...kept.report, secret_mark: null }; // the proof does not lie about
  remember(name(id), JSON.stringify({ ...kept, report, matches: kept.matches?.slice(0, MOST_MATCHES) ?? [] }));
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
  navigator.serviceWorker?.controller?.postMessage("forget");
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

function name(id: string): string {
  return PREFIX + id;
}

function unsentName(id: string): string {
  return `homeward.unsent.${id}`;
}

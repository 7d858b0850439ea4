// The last data of a report, kept on this device so that its page opens without a network.
import type { Match, Report } from "../api";

export interface Kept {
  report: Report;
  matches?: Match[];
  at: number;
}

const PREFIX = "homeward.case.";
const MOST_MATCHES = 200;

export function keep(id: string, kept: Kept): void {
  try {
    const report = { ...kept.report, secret_mark: null }; // the proof does not lie about
    localStorage.setItem(name(id), JSON.stringify({ ...kept, report, matches: kept.matches?.slice(0, MOST_MATCHES) ?? [] }));
  } catch {
    forget(id); // a full store: better nothing than half
  }
}

export function recall(id: string): Kept | null {
  const found = localStorage.getItem(name(id));
  return found ? (JSON.parse(found) as Kept) : null;
}

/** All cases of this device, the last opened first. */
export function recallAll(): Kept[] {
  const ids = Object.keys(localStorage).flatMap((key) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : []));
  return ids.flatMap((id) => recall(id) ?? []).sort((a, b) => b.at - a.at);
}

export function forget(id: string): void {
  localStorage.removeItem(name(id));
  navigator.serviceWorker?.controller?.postMessage("forget");
}

function name(id: string): string {
  return PREFIX + id;
}

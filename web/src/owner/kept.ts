// The last data of a report, kept on this device so that its page opens without a network.
import type { Match, Report } from "../api";

export interface Kept {
  report: Report;
  matches: Match[];
  at: number;
}

const MOST_MATCHES = 50;

export function keep(id: string, kept: Kept): void {
  try {
    const report = { ...kept.report, secret_mark: null }; // the proof does not lie about
    localStorage.setItem(name(id), JSON.stringify({ ...kept, report, matches: kept.matches.slice(0, MOST_MATCHES) }));
  } catch {
    forget(id); // a full store: better nothing than half
  }
}

export function recall(id: string): Kept | null {
  const found = localStorage.getItem(name(id));
  return found ? (JSON.parse(found) as Kept) : null;
}

export function forget(id: string): void {
  localStorage.removeItem(name(id));
  navigator.serviceWorker?.controller?.postMessage("forget");
}

function name(id: string): string {
  return `homeward.case.${id}`;
}

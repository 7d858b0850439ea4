// How a search ended, in one sentence.
import type { Report } from "../api";
import type { Words } from "../words";

const ENDED = { reunited: "owner.closed", closed: "owner.closed_other", expired: "owner.expired", hidden: "owner.hidden_by_desk" } as const;

/** Null while the search goes on. */
export function endedOf(words: Words, { status, hidden_because }: Report, name: string): string | null {
  return status === "open" ? null : words.t(ENDED[status], { name, why: hidden_because ?? "" });
}

// When something happened, as the form of a report keeps it: one word that outlives a reload and the night.

/**
 * `other` for a moment that is not told yet, else one on the device's clock, with a `~` where only the day is known, and a `!`
 * where it was the present: that is the moment of sending. Empty until somebody says.
 */
export type When = string;
export type Chosen = "now" | "today" | "yesterday" | "other";

const [DAY_ALONE, PRESENT] = ["~", "!"];
const [DAY_LENGTH, LENGTH] = ["2026-01-01".length, "2026-01-01T00:00".length];
/** After so long what was *just now* is a time of day. */
const NOW_MS = 3600 * 1000;

/** What a choice, and a time of that day where it is known, means. */
export function whenOf(chosen: Chosen, time = "", now = new Date()): When {
  if (chosen === "other") return chosen;
  if (chosen === "now") return localTime(now) + PRESENT;
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (chosen === "yesterday" ? 1 : 0));
  if (time) return `${dayIn(localTime(day))}T${time}`;
  // as the bot takes it: noon, or half of today that has passed
  if (chosen === "yesterday") day.setHours(12);
  else day.setTime((day.getTime() + now.getTime()) / 2);
  return localTime(day) + DAY_ALONE;
}

/** Which of the choices it is by now. */
export function chosenOf(when: When): Chosen | null {
  if (when === "") return null;
  if (when.endsWith(PRESENT)) return "now";
  return (["today", "yesterday"] as const).find((day) => dayIn(whenOf(day)) === dayIn(when)) ?? "other";
}

/** Whether anything can be sent of it. */
export function isTold(when: When): boolean {
  return when.length >= LENGTH;
}

/** The moment on the device's clock; empty for the present, and where there is none. */
export function momentIn(when: When): string {
  return isTold(when) && !when.endsWith(PRESENT) ? when.slice(0, LENGTH) : "";
}

/** The time of day, where it is known. */
export function timeIn(when: When): string {
  return when.endsWith(DAY_ALONE) ? "" : momentIn(when).slice(DAY_LENGTH + 1);
}

/** What was the present when it was said is the past for whoever goes on much later. */
export function resumedWhen(when: When): When {
  const said = when.slice(0, LENGTH);
  return when.endsWith(PRESENT) && Date.now() - Date.parse(said) > NOW_MS ? said : when;
}

function dayIn(when: When): string {
  return when.slice(0, DAY_LENGTH);
}

/** As a datetime-local input wants it. */
export function localTime(moment: Date): string {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// Which matches are shown, and in which order. Pure: the page's address is the only place where a choice is kept.
import type { Match, Verdict } from "../api";

export type Sort = "degree" | "distance" | "time" | "district";
export type Source = Match["source"];

export interface Filter {
  districts: string[];
  maxKm: number | null;
  since: string | null;
  until: string | null;
  least: number | null;
  source: Source | null;
  verdict: Verdict | "none" | null;
}

export const EVERYTHING: Filter = {
  districts: [],
  maxKm: null,
  since: null,
  until: null,
  least: null,
  source: null,
  verdict: null,
};

export type Criterion = keyof Filter;
export const CRITERIA = Object.keys(EVERYTHING) as Criterion[];
export const SORTS: Sort[] = ["degree", "distance", "time", "district"];
export const VERDICTS: Verdict[] = ["same", "unsure", "different"];
export const RADII_KM = [1, 2, 5, 10, 25];
export const DEGREES = [0.25, 0.6, 0.9];
export const NO_DISTRICT = "-";

const DAY_MS = 86_400_000;

const PASSES: { [K in Criterion]: (match: Match, filter: Filter) => boolean } = {
  districts: (match, { districts }) => districts.length === 0 || districts.includes(districtOf(match)),
  maxKm: (match, { maxKm }) => maxKm === null || (match.distance_km !== null && match.distance_km <= maxKm),
  since: (match, { since }) => since === null || Date.parse(match.seen_at) >= startOfDay(since),
  until: (match, { until }) => until === null || Date.parse(match.seen_at) < startOfDay(until) + DAY_MS,
  least: (match, { least }) => least === null || match.degree >= least,
  source: (match, { source }) => source === null || match.source === source,
  verdict: (match, { verdict }) => verdict === null || (match.verdict ?? "none") === verdict,
};

const ORDER: Record<Sort, (a: Match, b: Match) => number> = {
  degree: (a, b) => b.degree - a.degree,
  distance: (a, b) => (a.distance_km ?? Infinity) - (b.distance_km ?? Infinity) || b.degree - a.degree,
  time: (a, b) => Date.parse(b.seen_at) - Date.parse(a.seen_at),
  district: (a, b) => byDistrict(districtOf(a), districtOf(b)) || b.degree - a.degree,
};

/** By the alphabet; what lies in no district comes last. */
function byDistrict(a: string, b: string): number {
  return Number(a === NO_DISTRICT) - Number(b === NO_DISTRICT) || a.localeCompare(b);
}

export function districtOf(match: Match): string {
  return match.place?.district ?? NO_DISTRICT;
}

export function isActive(filter: Filter, criterion: Criterion): boolean {
  const value = filter[criterion];
  return Array.isArray(value) ? value.length > 0 : value !== null;
}

export function passes(match: Match, filter: Filter): boolean {
  return CRITERIA.every((criterion) => PASSES[criterion](match, filter));
}

/** What passes, in order; animals that the owner ruled out come last. Those in `before` stand where they stood when they were so. */
export function shown(matches: Match[], filter: Filter, sort: Sort, before: ReadonlyMap<string, Match>): Match[] {
  const ruledOut = (match: Match) => Number(match.verdict === "different");
  const inOrder = (a: Match, b: Match) => ruledOut(a) - ruledOut(b) || ORDER[sort](a, b) || a.found_id.localeCompare(b.found_id);
  const stood = (match: Match) => before.get(match.found_id) ?? match;
  return matches.filter((match) => passes(match, filter)).sort((a, b) => inOrder(stood(a), stood(b)));
}

/** How many matches each active criterion alone keeps from being shown. */
export function hiddenBy(matches: Match[], filter: Filter): [Criterion, number][] {
  return CRITERIA.filter((criterion) => isActive(filter, criterion)).map((criterion) => [
    criterion,
    matches.filter((match) => !PASSES[criterion](match, filter)).length,
  ]);
}

/** Districts with how many matches each would show, were no district chosen. */
export function districtCounts(matches: Match[], filter: Filter): [string, number][] {
  const rest = { ...filter, districts: [] };
  const counts = new Map<string, number>(matches.map((match) => [districtOf(match), 0]));
  for (const match of matches) {
    if (passes(match, rest)) counts.set(districtOf(match), (counts.get(districtOf(match)) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => byDistrict(a, b));
}

/** From the query of an address; what is no valid choice is left out. */
export function readFilter(query: string): { filter: Filter; sort: Sort } {
  const given = new URLSearchParams(query);
  const verdict = given.get("verdict") as Verdict | "none" | null;
  const source = given.get("source") as Source | null;
  const sort = given.get("sort") as Sort | null;
  return {
    filter: {
      districts: given.getAll("district"),
      maxKm: positive(given.get("max_km")),
      since: day(given.get("since")),
      until: day(given.get("until")),
      least: positive(given.get("min_degree")),
      source: source === "camera" || source === "person" ? source : null,
      verdict: verdict && ["none", ...VERDICTS].includes(verdict) ? verdict : null,
    },
    sort: sort && SORTS.includes(sort) ? sort : "degree",
  };
}

export function writeFilter(filter: Filter, sort: Sort): string {
  const query = new URLSearchParams(filter.districts.map((district) => ["district", district]));
  const single: [string, string | number | null][] = [
    ["max_km", filter.maxKm],
    ["since", filter.since],
    ["until", filter.until],
    ["min_degree", filter.least],
    ["source", filter.source],
    ["verdict", filter.verdict],
    ["sort", sort === "degree" ? null : sort],
  ];
  for (const [name, value] of single) if (value !== null) query.set(name, String(value));
  return query.toString();
}

function positive(text: string | null): number | null {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : null;
}

function day(text: string | null): string | null {
  return text && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(startOfDay(text)) ? text : null;
}

function startOfDay(text: string): number {
  return Date.parse(`${text}T00:00:00`);
}

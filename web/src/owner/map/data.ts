// From matches to what lies on the map: points, cameras, the animal's way, a circle. Pure.
import type { Match, Place } from "../../api";
import type { LonLat } from "../../map/ground";
import { SAME_PERCENT, type Step } from "../../map/marks";
import { stepOf } from "../../ui/Degree";

type Collection = GeoJSON.FeatureCollection;

export interface MarkProperties {
  id: string;
  step: Step;
  percent: number;
}

const KM_PER_DEGREE = 111.32;
const CORNERS = 96;

export function lonLat(place: Place | null | undefined): LonLat | null {
  return place?.lat != null && place.lon != null ? [place.lon, place.lat] : null;
}

export function placed(matches: Match[]): Match[] {
  return matches.filter((match) => lonLat(match.place));
}

/** What the owner confirmed stands over everything, what they ruled out below. */
export function markOf(match: Match): MarkProperties {
  const id = match.found_id;
  if (match.verdict === "same") return { id, step: 5, percent: SAME_PERCENT };
  if (match.verdict === "different") return { id, step: 0, percent: 0 };
  return { id, step: stepOf(match.degree_word) as Step, percent: Math.min(99, Math.max(1, Math.round(match.degree * 100))) };
}

export function points(matches: Match[]): Collection {
  return collection(placed(matches).map((match) => point(lonLat(match.place)!, { ...markOf(match) })));
}

/** Cameras that saw one of these; others are nobody's business. */
export function cameras(matches: Match[]): Collection {
  const seen = new Map(placed(matches).flatMap((match) => (match.camera ? [[match.camera.id, lonLat(match.place)!]] : [])));
  return collection([...seen.values()].map((at) => point(at as LonLat, {})));
}

/** From where it was lost through what the owner confirmed, in the order of time. */
export function way(start: LonLat | null, matches: Match[]): Collection {
  const confirmed = placed(matches)
    .filter((match) => match.verdict === "same")
    .sort((a, b) => Date.parse(a.seen_at) - Date.parse(b.seen_at))
    .map((match) => lonLat(match.place)!);
  const stations = start ? [start, ...confirmed] : confirmed;
  return confirmed.length > 0 && stations.length > 1 ? collection([line(stations)]) : collection([]);
}

/** The line around `centre`; nothing for 0 km. */
export function circle(centre: LonLat | null, km: number): Collection {
  if (!centre || km === 0) return collection([]);
  const degrees = km / KM_PER_DEGREE;
  const round = Array.from({ length: CORNERS + 1 }, (_, n): LonLat => {
    const angle = (2 * Math.PI * n) / CORNERS;
    const east = (degrees * Math.cos(angle)) / Math.cos((centre[1] * Math.PI) / 180);
    return [centre[0] + east, centre[1] + degrees * Math.sin(angle)];
  });
  return collection([line(round)]);
}

export function point(at: LonLat, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: at }, properties };
}

export function line(corners: LonLat[]): GeoJSON.Feature {
  return { type: "Feature", geometry: { type: "LineString", coordinates: corners }, properties: {} };
}

export function collection(features: GeoJSON.Feature[]): Collection {
  return { type: "FeatureCollection", features };
}

// Points on a map: several at one place fan out; a circle of so many kilometres.
import type { Match } from "../api";

export interface Placed {
  match: Match;
  lon: number;
  lat: number;
}

const KM_PER_DEGREE = 111.32;
const FAN_KM = 0.12;
const CORNERS = 64;

/** Matches with a place; those at the very same one lie on a small ring around it. */
export function fanned(matches: Match[]): Placed[] {
  const groups = new Map<string, Match[]>();
  for (const match of matches) {
    const { place } = match;
    if (place?.lat == null || place.lon == null) continue;
    const key = `${place.lat},${place.lon}`;
    groups.set(key, [...(groups.get(key) ?? []), match]);
  }
  return [...groups.values()].flatMap((group) =>
    group.map((match, n) => {
      const [lon, lat] = [match.place!.lon!, match.place!.lat!];
      if (group.length === 1) return { match, lon, lat };
      const ring = FAN_KM * (1 + Math.floor(n / 12));
      return { match, ...moved(lon, lat, ring, (2 * Math.PI * (n % 12)) / Math.min(12, group.length)) };
    }),
  );
}

/** The line around `centre`; nothing for 0 km. */
export function circle(centre: [number, number] | null, km: number): GeoJSON.FeatureCollection {
  if (!centre || km === 0) return { type: "FeatureCollection", features: [] };
  const line = Array.from({ length: CORNERS + 1 }, (_, n) => {
    const { lon, lat } = moved(centre[0], centre[1], km, (2 * Math.PI * n) / CORNERS);
    return [lon, lat];
  });
  return {
    type: "FeatureCollection",
    features: [{ type: "Feature", geometry: { type: "LineString", coordinates: line }, properties: {} }],
  };
}

function moved(lon: number, lat: number, km: number, angle: number): { lon: number; lat: number } {
  const degrees = km / KM_PER_DEGREE;
  return {
    lon: lon + (degrees * Math.cos(angle)) / Math.cos((lat * Math.PI) / 180),
    lat: lat + degrees * Math.sin(angle),
  };
}

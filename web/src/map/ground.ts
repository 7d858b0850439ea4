// What a map is drawn on: streets from elsewhere, the city's own file, or districts where neither can be had.
import "maplibre-gl/dist/maplibre-gl.css";
import { Map as MapLibre, NavigationControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Ground } from "../api";
import type { Words } from "../words";
import { isDark } from "../ui/media";
import { cityStyle, plainStyle } from "./styles";

export type LonLat = [number, number];
/** Streets from another server, streets from ours, none; or some were to be had and could not be reached. */
export type GroundKind = "elsewhere" | "own" | "districts" | "unreachable";
export const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
export const MOST_ZOOM = 18;

const CITY_ZOOM = 12;

setWorkerUrl(workerUrl);

interface Begun {
  style: string | StyleSpecification;
  kind: GroundKind;
  centre: LonLat | null;
}

/**
 * A map without anything of ours on it; `name` tells it from the page's other maps. Says which ground it has.
 * Throws where the device cannot draw.
 */
export async function bare(
  box: HTMLElement,
  ground: Ground,
  centre: LonLat | null,
  name: string,
  words: Words,
  onGround: (kind: GroundKind) => void = () => {},
): Promise<MapLibre> {
  const begun = await begin(ground, words.language);
  const bounds = extent(corners(ground.districts));
  const middle = centre ?? (bounds ? null : begun.centre);
  const map = new MapLibre({
    container: box,
    attributionControl: begun.kind === "elsewhere" ? { compact: true } : false, // whoever lends streets wants to be named
    dragRotate: false,
    maxPitch: 0,
    maxZoom: MOST_ZOOM,
    fadeDuration: 0,
    style: begun.style,
    locale: {
      "NavigationControl.ZoomIn": words.t("map.zoom_in"),
      "NavigationControl.ZoomOut": words.t("map.zoom_out"),
      "Map.Title": name,
    },
    ...(middle ? { center: middle, zoom: CITY_ZOOM } : bounds ? { bounds } : {}),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  let kind = begun.kind;
  onGround(kind);
  map.on("error", (trouble) => {
    if (kind !== "elsewhere" || map.isStyleLoaded() || "tile" in trouble) return; // one tile less is no map less
    onGround((kind = "unreachable"));
    map.setStyle(plainStyle(ground.districts));
  });
  return map;
}

/** The smallest box around points: west, south, east, north. */
export function extent(points: LonLat[]): [number, number, number, number] | null {
  if (points.length === 0) return null;
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** A token of the page's style. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

async function begin(ground: Ground, language: string): Promise<Begun> {
  const address = isDark() ? ground.style_dark : ground.style;
  if (address) return { style: address, kind: "elsewhere", centre: null };
  if (!ground.file) return { style: plainStyle(ground.districts), kind: "districts", centre: null };
  try {
    return { ...(await cityStyle(ground.file, language)), kind: "own" };
  } catch {
    return { style: plainStyle(ground.districts), kind: "unreachable", centre: null };
  }
}

function corners(districts: GeoJSON.FeatureCollection): LonLat[] {
  return districts.features.flatMap(({ geometry }) => {
    if (geometry.type === "Polygon") return geometry.coordinates.flat() as LonLat[];
    return geometry.type === "MultiPolygon" ? (geometry.coordinates.flat(2) as LonLat[]) : [];
  });
}

// What a map is drawn on: a style from elsewhere, or the districts on a plain ground where there is none or no network.
import "maplibre-gl/dist/maplibre-gl.css";
import { AttributionControl, Map as MapLibre, NavigationControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Ground } from "../api";

export type LonLat = [number, number];
export const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

const CITY_ZOOM = 12;

setWorkerUrl(workerUrl);

/** A map without anything of ours on it. Throws where the device cannot draw. */
export function bare(box: HTMLElement, ground: Ground, centre: LonLat | null): MapLibre {
  const plain = plainStyle(ground.districts);
  const bounds = extent(corners(ground.districts));
  const map = new MapLibre({
    container: box,
    attributionControl: false,
    style: ground.style ?? plain,
    ...(centre ? { center: centre, zoom: CITY_ZOOM } : bounds ? { bounds } : {}),
  });
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  if (ground.style) map.addControl(new AttributionControl({ customAttribution: "© OpenStreetMap" }));
  let isPlain = ground.style === null;
  map.on("error", () => {
    if (isPlain || map.isStyleLoaded()) return;
    isPlain = true; // the style cannot be had
    map.setStyle(plain);
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

function plainStyle(districts: GeoJSON.FeatureCollection): StyleSpecification {
  return {
    version: 8,
    sources: { districts: { type: "geojson", data: districts } },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("--sunken") } },
      { id: "districts", type: "fill", source: "districts", paint: { "fill-color": token("--ground") } },
      { id: "outlines", type: "line", source: "districts", paint: { "line-color": token("--line"), "line-width": 2 } },
    ],
  };
}

function corners(districts: GeoJSON.FeatureCollection): LonLat[] {
  return districts.features.flatMap(({ geometry }) => {
    if (geometry.type === "Polygon") return geometry.coordinates.flat() as LonLat[];
    return geometry.type === "MultiPolygon" ? (geometry.coordinates.flat(2) as LonLat[]) : [];
  });
}

// Sources and layers of the owner's map, from bottom to top.
import type { LayerSpecification, Map as MapLibre, SourceSpecification } from "maplibre-gl";
import { MOST_ZOOM, NOTHING, token } from "../../map/ground";
import { COUNT, MARK, RADIUS_PX } from "../../map/marks";

export const MATCHES = "matches";
export const FAN = "fan";
export const SELECTED = "selected";
export const LATEST = "latest";
export const RADIUS = "radius";
export const WAY = "way";
export const CAMERAS = "cameras";
export const HOME = "home";
/** The layers whose points can be tapped, topmost first. */
export const TAPPED = ["fan-marks", "counts", "marks"];

const GROUP_PX = 44;
const empty = (): SourceSpecification => ({ type: "geojson", data: NOTHING });
const onTop = { "icon-allow-overlap": true, "icon-ignore-placement": true } as const;
const sized = ["match", ["get", "step"], ...Object.entries(RADIUS_PX).flatMap(([step, px]) => [Number(step), px + 5]), 20];

export function addLayers(map: MapLibre): void {
  for (const id of [RADIUS, WAY, CAMERAS, HOME, FAN, SELECTED, LATEST]) map.addSource(id, empty());
  map.addSource(MATCHES, {
    type: "geojson",
    data: NOTHING,
    cluster: true,
    clusterRadius: GROUP_PX,
    clusterMaxZoom: MOST_ZOOM,
    maxzoom: MOST_ZOOM + 1,
    clusterProperties: { step: ["max", ["get", "step"]], percent: ["max", ["get", "percent"]] },
  });
  for (const layer of layers()) map.addLayer(layer);
}

function layers(): LayerSpecification[] {
  const marks = { ...onTop, "icon-image": MARK as never, "symbol-sort-key": ["get", "percent"] as never };
  return [
    { id: "radius", type: "line", source: RADIUS, paint: { "line-color": token("--accent"), "line-width": 2, "line-dasharray": [2, 2] } },
    { id: "way", type: "line", source: WAY, paint: { "line-color": token("--accent"), "line-width": 4 } },
    {
      id: "way-arrows",
      type: "symbol",
      source: WAY,
      layout: { ...onTop, "symbol-placement": "line", "symbol-spacing": 48, "icon-image": "arrow" },
    },
    { id: "cameras", type: "symbol", source: CAMERAS, layout: { ...onTop, "icon-image": "camera", "icon-offset": [0, 25] } },
    { id: "home", type: "symbol", source: HOME, layout: { ...onTop, "icon-image": "home", "icon-anchor": "bottom" } },
    ringed("latest", LATEST, token("--ink"), 3),
    { id: "marks", type: "symbol", source: MATCHES, layout: marks },
    {
      id: "counts",
      type: "symbol",
      source: MATCHES,
      filter: ["has", "point_count"],
      layout: { ...onTop, "icon-image": COUNT as never, "icon-offset": [14, 15] },
    },
    // what is chosen stands by itself, also where a group has swallowed it
    ringed("selected", SELECTED, token("--accent"), 4),
    { id: "selected-mark", type: "symbol", source: SELECTED, filter: ["!", ["has", "fanned"]], layout: marks },
    { id: "fan-legs", type: "line", source: FAN, paint: { "line-color": token("--ink-soft"), "line-width": 1.5 } },
    { id: "fan-marks", type: "symbol", source: FAN, filter: ["has", "percent"], layout: marks },
    ringed("selected-in-fan", SELECTED, token("--accent"), 4, true),
  ];
}

/** A ring around points; around one in an open fan it lies on top. */
function ringed(id: string, source: string, colour: string, width: number, isInFan = false): LayerSpecification {
  return {
    id,
    type: "circle",
    source,
    filter: isInFan ? ["has", "fanned"] : ["!", ["has", "fanned"]],
    paint: {
      "circle-radius": sized as never,
      "circle-color": "transparent",
      "circle-stroke-color": colour,
      "circle-stroke-width": width,
    },
  };
}

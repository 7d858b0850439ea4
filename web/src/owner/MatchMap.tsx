import { effect } from "@preact/signals";
import { type GeoJSONSource, type LayerSpecification, type Map as MapLibre, Marker } from "maplibre-gl";
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchGround, type Ground, type Match, type Report } from "../api";
import { bare, extent, type LonLat, NOTHING, token } from "../map/ground";
import { useWords } from "../ui/context";
import { stepOf } from "../ui/Degree";
import type { Case } from "./case";
import { circle, fanned } from "./geometry";

const MATCHES = "matches";
const FAR_ZOOM = 14;
const NUMBERED = 60;
const STEPS = [
  [5, "degree.very_likely"],
  [4, "degree.likely"],
  [3, "degree.possible"],
  [2, "degree.unlikely"],
  [1, "degree.very_unlikely"],
] as const;

interface Mapped {
  owned: Case;
  report: Report;
  onCompare: (foundId: string) => void;
}

/** The matches on a map: the same choice and the same filter as the list. */
export default function MatchMap({ owned, report, onCompare }: Mapped) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [isDrawable, setDrawable] = useState(true);
  useEffect(() => {
    let map: MapLibre | null = null;
    let isGone = false;
    const begin = async () => {
      const ground = await fetchGround();
      if (isGone || !box.current) return;
      map = drawn(box.current, owned, report, ground, onCompare);
    };
    begin().catch(() => setDrawable(false)); // no WebGL here
    return () => {
      isGone = true;
      map?.remove();
    };
  }, []);
  if (!isDrawable) return <p class="notice">{words.t("map.none")}</p>;
  return (
    <div class="map-frame">
      <div ref={box} class="map" role="region" aria-label={words.t("view.map")} />
      <ol class="legend">
        {STEPS.map(([step, word]) => (
          <li key={step} class={`step-${step}`}>
            <i class="dot" /> {words.t(word)}
          </li>
        ))}
      </ol>
    </div>
  );
}

function drawn(box: HTMLElement, owned: Case, report: Report, ground: Ground, onCompare: (id: string) => void): MapLibre {
  const start = lonLat(report.home) ?? lonLat(report.place);
  const map = bare(box, ground, start);
  const stops: (() => void)[] = [];
  map.on("style.load", () => {
    if (map.getSource(MATCHES)) return;
    addLayers(map, start);
    stops.push(
      effect(() => {
        map.getSource<GeoJSONSource>(MATCHES)?.setData(features(owned));
        map.getSource<GeoJSONSource>("radius")?.setData(circle(start, owned.filter.value.maxKm ?? 0));
        map.getSource<GeoJSONSource>("way")?.setData(way(owned.shown.value));
      }),
      numbers(map, owned),
    );
    fit(map, owned.shown.value, start);
    map.once("idle", () => (box.dataset.ready = "true"));
  });
  map.on("click", "points", ({ features: hit }) => {
    const id = hit?.[0]?.properties.id as string | undefined;
    if (!id) return;
    if (owned.selected.value === id) onCompare(id);
    owned.selected.value = id;
  });
  map.once("remove", () => stops.forEach((stop) => stop()));
  if (start) new Marker({ element: homeMark(), anchor: "bottom" }).setLngLat(start).addTo(map);
  return map;
}

function addLayers(map: MapLibre, start: LonLat | null): void {
  const colours = [1, 2, 3, 4, 5].flatMap((step) => [step, token(`--degree-${step}`)]);
  map.addSource("radius", { type: "geojson", data: circle(start, 0) });
  map.addSource("way", { type: "geojson", data: NOTHING });
  map.addSource(MATCHES, { type: "geojson", data: NOTHING });
  const layers: LayerSpecification[] = [
    { id: "radius", type: "line", source: "radius", paint: { "line-color": token("--accent"), "line-width": 2, "line-dasharray": [2, 2] } },
    { id: "way", type: "line", source: "way", paint: { "line-color": token("--ink"), "line-width": 3, "line-opacity": 0.6 } },
    {
      id: "points",
      type: "circle",
      source: MATCHES,
      layout: { "circle-sort-key": ["get", "degree"] },
      paint: {
        "circle-color": ["match", ["get", "step"], ...colours, token("--ink-soft")] as never,
        "circle-radius": ["+", 5, ["*", 2, ["get", "step"]]],
        "circle-stroke-color": ["case", ["get", "selected"], token("--accent"), token("--surface")],
        "circle-stroke-width": ["case", ["get", "selected"], 5, 2],
      },
    },
  ];
  for (const layer of layers) map.addLayer(layer);
}

/** The rank of the best ones on their points, so that they can be told apart without colour. */
function numbers(map: MapLibre, owned: Case): () => void {
  let marks: Marker[] = [];
  return effect(() => {
    for (const mark of marks) mark.remove();
    const best = [...owned.shown.value].sort((a, b) => b.degree - a.degree).slice(0, NUMBERED);
    const isBest = new Set(best);
    marks = fanned(owned.shown.value)
      .filter(({ match }) => isBest.has(match))
      .map(({ match, lon, lat }) => {
        const element = document.createElement("span");
        element.className = "pin";
        element.textContent = String(owned.rank.value.get(match.found_id) ?? "");
        return new Marker({ element }).setLngLat([lon, lat]).addTo(map);
      });
  });
}

function features(owned: Case): GeoJSON.FeatureCollection {
  const selected = owned.selected.value;
  return {
    type: "FeatureCollection",
    features: fanned(owned.shown.value).map(({ match, lon, lat }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [lon, lat] },
      properties: {
        id: match.found_id,
        degree: match.degree,
        step: stepOf(match.degree_word),
        selected: match.found_id === selected,
      },
    })),
  };
}

/** The animal's way through the places that the owner confirmed, in the order of time. */
function way(matches: Match[]): GeoJSON.FeatureCollection {
  const confirmed = matches
    .filter((match) => match.verdict === "same" && lonLat(match.place))
    .sort((a, b) => Date.parse(a.seen_at) - Date.parse(b.seen_at));
  if (confirmed.length < 2) return NOTHING;
  const line = confirmed.map((match) => lonLat(match.place)!);
  return { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: line } }] };
}

function fit(map: MapLibre, matches: Match[], start: LonLat | null): void {
  const points = fanned(matches.slice(0, 20)).map(({ lon, lat }): LonLat => [lon, lat]);
  if (start) points.push(start);
  const bounds = extent(points);
  if (bounds) map.fitBounds(bounds, { padding: 56, maxZoom: FAR_ZOOM, animate: false });
}

function lonLat(place: Report["place"]): LonLat | null {
  return place?.lat != null && place.lon != null ? [place.lon, place.lat] : null;
}

function homeMark(): HTMLElement {
  const element = document.createElement("span");
  element.className = "home-mark";
  return element;
}

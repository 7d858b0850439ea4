// Grounds that need nothing from elsewhere: the city's own file of streets, or districts on a plain colour.
import type { Flavor } from "@protomaps/basemaps";
import { addProtocol, type LayerSpecification, type StyleSpecification } from "maplibre-gl";
import { isDark } from "../ui/media";
import { token } from "./ground";

/** Outlines and names of the districts. Letters are drawn with the device's own fonts. */
export function plainStyle(districts: GeoJSON.FeatureCollection): StyleSpecification {
  return {
    version: 8,
    sources: { districts: { type: "geojson", data: districts } },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("--sunken") } },
      { id: "districts", type: "fill", source: "districts", paint: { "fill-color": token("--ground") } },
      { id: "outlines", type: "line", source: "districts", paint: { "line-color": token("--line"), "line-width": 2 } },
      {
        id: "names",
        type: "symbol",
        source: "districts",
        layout: { "text-field": ["get", "name"], "text-font": ["sans-serif"], "text-size": 13, "text-padding": 8 },
        paint: { "text-color": token("--ink-soft"), "text-halo-color": token("--ground"), "text-halo-width": 1.5 },
      },
    ],
  };
}

/** The streets in a PMTiles file of the Protomaps schema, read in ranges. Throws where the file cannot be had. */
export async function cityStyle(path: string, language: string): Promise<{ style: StyleSpecification; centre: [number, number] }> {
  const [{ layers, namedFlavor }, { PMTiles, Protocol }] = await Promise.all([import("@protomaps/basemaps"), import("pmtiles")]);
  const file = new PMTiles(location.origin + path);
  const { centerLon, centerLat } = await file.getHeader();
  const protocol = new Protocol();
  protocol.add(file);
  addProtocol("pmtiles", protocol.tile);
  const ground = layers("city", calm(namedFlavor(isDark() ? "black" : "white")), { lang: language });
  const style: StyleSpecification = {
    version: 8,
    sources: { city: { type: "vector", url: `pmtiles://${location.origin}${path}` } },
    layers: ground.flatMap(withoutPictures),
  };
  return { style, centre: [centerLon, centerLat] };
}

/** Without colours of its own, which belong to the degree; streets and their names plain to see. */
function calm(flavor: Flavor): Flavor {
  const [earth, street, lane, word] = [token("--ground"), token("--line"), token("--sunken"), token("--ink-soft")];
  return {
    ...flavor,
    background: lane,
    earth,
    highway: street,
    major: street,
    link: street,
    minor_a: lane,
    minor_b: lane,
    buildings: lane,
    roads_label_major: word,
    roads_label_minor: word,
    roads_label_major_halo: earth,
    roads_label_minor_halo: earth,
  };
}

/** Icons would be fetched from elsewhere, so layers of nothing but icons go, and the others keep their words. */
function withoutPictures(layer: LayerSpecification): LayerSpecification[] {
  if (layer.type !== "symbol") return [layer];
  const { "icon-image": icon, ...layout } = layer.layout ?? {};
  const isWorded = "text-field" in layout && layer.id !== "roads_shields";
  return icon === undefined ? [layer] : isWorded ? [{ ...layer, layout }] : [];
}

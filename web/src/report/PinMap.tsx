import { effect, type Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchGround } from "../api";
import { bare, type GroundKind, type LonLat } from "../map/ground";
import { GroundNote } from "../map/GroundNote";
import { useWords } from "../ui/context";
import { round } from "./PlacePicker";
import type { Draft } from "./send";

const STREETS_ZOOM = 14;
const LEAST_ZOOM = 8;

/** The pin stands still in the middle, the map moves under it. */
export default function PinMap({ place }: { place: Signal<Draft["place"]> }) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [isDrawable, setDrawable] = useState(true);
  const [kind, setKind] = useState<GroundKind | null>(null);
  const [isFar, setFar] = useState(false);
  useEffect(() => {
    let remove = () => {};
    let isGone = false;
    const begin = async () => {
      const ground = await fetchGround();
      if (isGone || !box.current) return;
      const centre: LonLat | null = place.value && [place.value.lon, place.value.lat];
      const map = await bare(box.current, ground, centre, words.t("report.on_map"), words, setKind);
      let stop = () => {};
      remove = () => {
        stop();
        map.remove();
      };
      if (isGone) return remove();
      let own = place.peek();
      stop = effect(() => {
        const chosen = place.value; // by other ways too: where the reader is now
        if (chosen && chosen !== own) map.jumpTo({ center: [chosen.lon, chosen.lat], zoom: Math.max(map.getZoom(), STREETS_ZOOM) });
        own = chosen;
      });
      const follow = ({ originalEvent }: { originalEvent?: unknown }) => {
        if (!originalEvent) return; // the map's own doing, not the reader's
        const isFar = map.getZoom() < LEAST_ZOOM;
        setFar(isFar);
        if (isFar) return; // a country is no place
        const { lat, lng } = map.getCenter();
        place.value = own = { lat: round(lat), lon: round(lng) };
      };
      map.on("move", follow);
      map.on("moveend", follow);
      if (box.current) box.current.dataset.ready = "true";
    };
    begin().catch(() => setDrawable(false)); // no WebGL here
    return () => {
      isGone = true;
      remove();
    };
  }, []);
  if (!isDrawable) return <p class="notice">{words.t("report.no_map")}</p>;
  return (
    <>
      <p class="soft">{words.t("report.map_hint")}</p>
      {isFar && <p role="status">{words.t("report.zoom_in")}</p>}
      <div class="pin-map">
        <div ref={box} class="map" />
        <span class="centre" aria-hidden="true" />
      </div>
      <GroundNote kind={kind} />
    </>
  );
}

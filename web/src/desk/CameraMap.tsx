import type { Signal } from "@preact/signals";
import { Marker } from "maplibre-gl";
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchGround } from "../api";
import { bare, extent, type GroundKind, type LonLat } from "../map/ground";
import { GroundNote } from "../map/GroundNote";
import { useWords } from "../ui/context";
import type { Camera } from "./api";
import { stateOf } from "./cameras";
import { type DeskWords, useDeskWords } from "./words";

const CLOSE_ZOOM = 14;
const ROOM_PX = { top: 40, right: 80, bottom: 40, left: 40 }; // the buttons stand at the right

/** Every camera as a mark whose shape tells its state; a tap shows it in the list. */
export default function CameraMap({ cameras, selected }: { cameras: Camera[]; selected: Signal<string | null> }) {
  const words = useDeskWords();
  const page = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [isDrawable, setDrawable] = useState(true);
  const [kind, setKind] = useState<GroundKind | null>(null);
  useEffect(() => {
    let remove = () => {};
    let isGone = false;
    const begin = async () => {
      const ground = await fetchGround();
      if (isGone || !box.current) return;
      const places = cameras.map(({ place }): LonLat => [place.lon, place.lat]);
      const map = await bare(box.current, ground, places[0] ?? null, words.t("cameras.map"), page, setKind);
      remove = () => map.remove();
      if (isGone) return remove();
      const around = extent(places);
      if (around) map.fitBounds(around, { padding: ROOM_PX, maxZoom: CLOSE_ZOOM, animate: false });
      for (const camera of cameras) new Marker({ element: mark(words, camera, selected) }).setLngLat([camera.place.lon, camera.place.lat]).addTo(map);
      const drawn = box.current;
      map.once("idle", () => (drawn.dataset.ready = "true"));
    };
    begin().catch(() => setDrawable(false)); // no WebGL here
    return () => {
      isGone = true;
      remove();
    };
  }, [cameras]);
  if (!isDrawable) return <p class="notice">{page.t("map.none")}</p>;
  return (
    <>
      <div ref={box} class="camera-map" />
      <GroundNote kind={kind} />
    </>
  );
}

function mark(words: DeskWords, camera: Camera, selected: Signal<string | null>): HTMLElement {
  const state = stateOf(camera);
  const button = document.createElement("button");
  button.className = `camera-mark camera-state ${state}`;
  button.setAttribute("aria-label", `${camera.name}: ${words.t(`camera.${state}`)}`);
  button.title = camera.name;
  button.append(document.createElement("i"));
  button.addEventListener("click", () => {
    selected.value = camera.id;
    document.getElementById(`camera-${camera.id}`)?.scrollIntoView({ block: "center" });
  });
  return button;
}

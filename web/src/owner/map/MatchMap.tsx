import type { Map as MapLibre } from "maplibre-gl";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { fetchGround } from "../../api";
import { bare, type GroundKind } from "../../map/ground";
import { GroundNote } from "../../map/GroundNote";
import { useWords } from "../../ui/context";
import { useDark } from "../../ui/media";
import type { Case } from "../case";
import { lonLat, placed } from "./data";
import { Legend } from "./Legend";
import { MapCard } from "./MapCard";
import { MapView } from "./MapView";
import { TimeBar } from "./TimeBar";
import { Timeline } from "./timeline";

interface Mapped {
  owned: Case;
  name: string;
  onCompare: (foundId: string) => void;
}

/** The matches on a map: the same choice and the same filter as the list. */
export default function MatchMap(props: Mapped) {
  return <Drawn key={String(useDark())} {...props} />;
}

function Drawn({ owned, name, onCompare }: Mapped) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const foot = useRef<HTMLDivElement>(null);
  const time = useMemo(() => new Timeline(owned.shown), [owned]);
  const [isDrawable, setDrawable] = useState(true);
  const [kind, setKind] = useState<GroundKind | null>(null);
  useEffect(() => {
    let map: MapLibre | null = null;
    let isGone = false;
    const begin = async () => {
      const ground = await fetchGround();
      if (isGone || !box.current) return;
      const report = owned.report.peek();
      const centre = lonLat(report?.home) ?? lonLat(report?.place);
      map = await bare(box.current, ground, centre, words.t("view.map"), words, setKind);
      if (isGone) return map.remove();
      const covered = () => ({ left: keyWidth(box.current?.parentElement), bottom: overlap(box.current, foot.current) });
      new MapView(map, owned, time, covered, () => box.current && (box.current.dataset.ready = "true"));
    };
    begin().catch(() => setDrawable(false)); // no WebGL here
    return () => {
      isGone = true;
      time.pause();
      map?.remove();
    };
  }, []);
  if (!isDrawable) return <NoMap owned={owned} />;
  const chosen = owned.selected.value;
  useEffect(() => {
    if (overlap(box.current, foot.current) > 0) return;
    foot.current?.querySelector(".degree")?.scrollIntoView({ block: "nearest" }); // below the map it may be out of sight
  }, [chosen]);
  const homeless = time.shown.value.length - placed(time.shown.value).length;
  return (
    <>
      <div class="map-frame">
        <div ref={box} class="map" />
        <Legend />
        <div ref={foot} class="map-foot">
          <MapCard owned={owned} name={name} onCompare={onCompare} />
          <TimeBar time={time} />
        </div>
      </div>
      <GroundNote kind={kind} />
      {homeless > 0 && <p class="soft ground-note">{words.count("map.homeless", homeless)}</p>}
    </>
  );
}

/** How much of the map what is at its foot covers: nothing where it stands below. */
function overlap(map: HTMLElement | null, foot: HTMLElement | null): number {
  if (!map || !foot) return 0;
  return Math.max(0, map.getBoundingClientRect().bottom - foot.getBoundingClientRect().top);
}

/** Of the open key where the map is wide enough to leave room beside it. */
function keyWidth(frame: HTMLElement | null | undefined): number {
  const width = frame?.querySelector<HTMLElement>(".legend[open]")?.offsetWidth ?? 0;
  return frame && width < frame.offsetWidth / 2 ? width : 0;
}

/** Without a map the list says where: district and distance. */
function NoMap({ owned }: { owned: Case }) {
  const words = useWords();
  return (
    <section class="notice">
      <p>{words.t("map.none")}</p>
      <button onClick={() => owned.over.show("list")}>{words.t("map.to_list")}</button>
    </section>
  );
}

import { useSignal } from "@preact/signals";
import { Suspense } from "preact/compat";
import type { Camera, Items } from "./api";
import { CameraForm } from "./CameraForm";
import { CameraSightings } from "./CameraSightings";
import { isSilent, stateOf } from "./cameras";
import { Secret, Shown, Sure, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";
import { late } from "../ui/late";

const CameraMap = late(() => import("./CameraMap").then((module) => module.default));

interface Fresh {
  camera: Camera;
  secret: string;
}

/** The city's cameras on a map and in a list: how each is, and what can be done with it. */
export function CameraDesk() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const loaded = useLoaded(() => desk.get<Items<Camera>>("/cameras"));
  const isAdding = useSignal(false);
  const fresh = useSignal<Fresh | null>(null);
  const selected = useSignal<string | null>(null);
  const renew = async (camera: Camera) => {
    const { secret } = await desk.post<{ secret: string }>(`/cameras/${camera.id}/key`);
    fresh.value = { camera, secret };
    await loaded.again();
  };
  const add = async (draft: unknown) => {
    const camera = await desk.post<Camera>("/cameras", draft);
    isAdding.value = false;
    await renew(camera);
  };
  return (
    <>
      <header class="desk-head">
        <h1>{words.t("cameras.title")}</h1>
        {!isAdding.value && (
          <button class="main" onClick={() => (isAdding.value = true)}>
            {words.t("cameras.add")}
          </button>
        )}
      </header>
      {isAdding.value && <CameraForm save={add} cancel={() => (isAdding.value = false)} />}
      {fresh.value && <FreshKey {...fresh.value} />}
      <Shown loaded={loaded}>
        {({ items }) =>
          items.length === 0 ? (
            <div class="empty">
              <h2>{words.t("cameras.none")}</h2>
              <p>{words.t("cameras.none_text")}</p>
            </div>
          ) : (
            <div class="cameras">
              <Suspense fallback={<div class="camera-map skeleton" />}>
                <CameraMap cameras={items} selected={selected} />
              </Suspense>
              <ul class="desk-list">
                {items.map((camera) => (
                  <CameraRow
                    key={camera.id}
                    camera={camera}
                    isSelected={selected.value === camera.id}
                    changed={loaded.again}
                    renew={() => renew(camera)}
                  />
                ))}
              </ul>
            </div>
          )
        }
      </Shown>
    </>
  );
}

function FreshKey({ camera, secret }: Fresh) {
  const words = useDeskWords();
  return (
    <Secret title={words.t("cameras.key_once", { name: camera.name })} secret={secret}>
      <p class="soft">
        <code>{words.t("cameras.key_use", { id: camera.id, server: location.origin })}</code>
      </p>
    </Secret>
  );
}

interface Row {
  camera: Camera;
  isSelected: boolean;
  changed: () => Promise<void>;
  renew: () => Promise<void>;
}

function CameraRow({ camera, isSelected, changed, renew }: Row) {
  const words = useDeskWords();
  const { desk } = useSeat();
  const opened = useSignal<"edit" | "sent" | null>(null);
  const save = async (draft: unknown) => {
    await desk.patch(`/cameras/${camera.id}`, draft);
    opened.value = null;
    await changed();
  };
  const toggle = (what: "edit" | "sent") => (opened.value = opened.value === what ? null : what);
  return (
    <li id={`camera-${camera.id}`} class={`desk-row plain-row ${isSelected ? "selected" : ""}`}>
      <div class="row-text">
        <h2>{camera.name}</h2>
        <p class="soft">
          <CameraState camera={camera} />
          {camera.place.district && ` · ${camera.place.district}`}
        </p>
        <p class="soft">
          {camera.last_sighting_at
            ? words.t("cameras.seen", { when: words.words.ago(camera.last_sighting_at) })
            : words.t("cameras.seen_never")}
          {isSilent(camera) && ` · ${lastHeard(words, camera)}`}
        </p>
        <div class="actions">
          <button onClick={() => void desk.patch(`/cameras/${camera.id}`, { paused: !camera.paused }).then(changed)}>
            {words.t(camera.paused ? "cameras.resume" : "cameras.pause")}
          </button>
          <button aria-expanded={opened.value === "sent"} onClick={() => toggle("sent")}>
            {words.t("cameras.sent")}
          </button>
          <button aria-expanded={opened.value === "edit"} onClick={() => toggle("edit")}>
            {words.t("cameras.edit")}
          </button>
          <Sure label={words.t("cameras.key")} question={words.t("cameras.key_sure")} act={renew} />
        </div>
        {opened.value === "edit" && <CameraForm camera={camera} save={save} cancel={() => (opened.value = null)} />}
        {opened.value === "sent" && <CameraSightings id={camera.id} changed={changed} />}
      </div>
    </li>
  );
}

function CameraState({ camera }: { camera: Camera }) {
  const words = useDeskWords();
  const state = stateOf(camera);
  return (
    <span class={`camera-state ${state}`}>
      <i aria-hidden="true" /> {words.t(`camera.${state}`)}
    </span>
  );
}

function lastHeard(words: ReturnType<typeof useDeskWords>, camera: Camera): string {
  if (!camera.last_heartbeat_at) return words.t("cameras.heard_never");
  return words.t("cameras.heard", { when: words.words.ago(camera.last_heartbeat_at) });
}

import { useSignal } from "@preact/signals";
import { Suspense } from "preact/compat";
import type { Problem } from "../api";
import type { Camera, CameraDraft } from "./api";
import { asProblem, Trouble } from "./parts";
import { useDeskWords } from "./words";
import { late } from "../ui/late";

const PinMap = late(() => import("../report/PinMap").then((module) => module.default));

interface Edited {
  camera?: Camera;
  save: (draft: CameraDraft) => Promise<void>;
  cancel: () => void;
}

/** A camera's name, district and place by pin. */
export function CameraForm({ camera, save, cancel }: Edited) {
  const words = useDeskWords();
  const place = useSignal(camera ? { lat: camera.place.lat, lon: camera.place.lon } : null);
  const problem = useSignal<Problem | null>(null);
  const isMissing = useSignal(false);
  const send = async (form: HTMLFormElement) => {
    isMissing.value = place.value === null;
    if (!place.value) return;
    const given = new FormData(form);
    const [name, district] = [String(given.get("name")).trim(), String(given.get("district")).trim()];
    try {
      await save({ name, district, ...place.value });
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  return (
    <form
      class="report camera-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <label class="field">
        {words.t("cameras.name")}
        <input name="name" required maxLength={100} defaultValue={camera?.name ?? ""} />
      </label>
      <label class="field">
        {words.t("cameras.district")}
        <input
          name="district"
          maxLength={100}
          defaultValue={camera?.place.district ?? ""}
          placeholder={words.t("cameras.district_hint")}
        />
      </label>
      <fieldset>
        <legend>{words.t("cameras.where")}</legend>
        <Suspense fallback={<div class="pin-map skeleton" />}>
          <PinMap place={place} />
        </Suspense>
        {isMissing.value && !place.value && (
          <p class="notice" role="alert">
            {words.t("cameras.place_missing")}
          </p>
        )}
      </fieldset>
      <Trouble of={problem} />
      <div class="actions">
        <button class="main">{words.t("cameras.save")}</button>
        <button type="button" onClick={cancel}>
          {words.t("cancel")}
        </button>
      </div>
    </form>
  );
}

import { type Signal, useSignal } from "@preact/signals";
import { Suspense } from "preact/compat";
import { useWords } from "../ui/context";
import type { Draft } from "./send";
import { late } from "../ui/late";

const PinMap = late(() => import("./PinMap").then((module) => module.default));

/** Where I am, a pin on the map, or words; none of it is a must. */
export function PlacePicker({ question, place, address }: { question: string; place: Signal<Draft["place"]>; address: string }) {
  const words = useWords();
  const isMapOpen = useSignal(false);
  const isRefused = useSignal(false);
  const isLocating = useSignal(false);
  const locate = () => {
    isRefused.value = false;
    isLocating.value = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        isLocating.value = false;
        place.value = { lat: round(coords.latitude), lon: round(coords.longitude) };
      },
      () => {
        isLocating.value = false;
        isRefused.value = isMapOpen.value = true;
      },
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  };
  return (
    <fieldset class="place">
      <legend>{question}</legend>
      <div class="actions">
        <button type="button" disabled={isLocating.value} aria-busy={isLocating.value} onClick={locate}>
          {words.t("report.here")}
        </button>
        <button type="button" aria-expanded={isMapOpen.value} onClick={() => (isMapOpen.value = !isMapOpen.value)}>
          {words.t("report.on_map")}
        </button>
      </div>
      {isLocating.value && <p role="status">{words.t("report.locating")}</p>}
      {isRefused.value && <p role="status">{words.t("report.no_position")}</p>}
      {isMapOpen.value && (
        <Suspense fallback={<div class="pin-map skeleton" />}>
          <PinMap place={place} />
        </Suspense>
      )}
      {place.value && (
        <p role="status" class="soft">
          {words.t("report.chosen", { lat: place.value.lat, lon: place.value.lon })}{" "}
          <button type="button" class="plain" onClick={() => (place.value = null)}>
            {words.t("report.no_place")}
          </button>
        </p>
      )}
      <label class="field">
        {words.t("report.address")}
        <input name="address" defaultValue={address} maxLength={300} placeholder={words.t("report.address_hint")} />
      </label>
    </fieldset>
  );
}

/** Five decimals are about a metre. */
export function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5;
}

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Problem, type Species } from "../api";
import { useWords } from "../ui/context";
import { Done } from "./Done";
import { PhotoPicker, type Picked } from "./PhotoPicker";
import { PlacePicker } from "./PlacePicker";
import { type Draft, file, type Filed, type Shelf } from "./send";

/** Everything on one page; only a photo is needed. */
export function ReportPage({ shelf }: { shelf: Shelf }) {
  const words = useWords();
  const picked = useSignal<Picked[]>([]);
  const chosenSpecies = useSignal<Species | null>(null);
  const place = useSignal<Draft["place"]>(null);
  const isHome = useSignal(false);
  const progress = useSignal<number | null>(null);
  const trouble = useSignal<string | null>(null);
  const filed = useSignal<Filed | null>(null);
  const key = useRef(crypto.randomUUID());
  const about = shelf === "found" ? new URLSearchParams(location.search).get("about") : null;
  if (filed.value) return <Done filed={filed.value} />;

  const seen = picked.value.flatMap((photo) => photo.seen?.animals[photo.animal] ?? []);
  const species = chosenSpecies.value ?? seen[0]?.species ?? null;
  const isSeen = seen.length > 0;
  const isSeenOnAll = picked.value.every((photo) => !photo.seen || photo.seen.animals.length > 0);

  const send = async (form: HTMLFormElement) => {
    if (picked.value.length === 0) return void (trouble.value = words.t("report.needs_photo"));
    if (!isSeen && !species && picked.value.every((photo) => photo.seen)) {
      return void (trouble.value = words.t("report.needs_species"));
    }
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name) ?? "");
    // the server's own look tells the species best; where it sees nothing on a photo, the person's word keeps that photo
    const said = chosenSpecies.value ?? (isSeenOnAll ? null : species);
    const draft: Draft = {
      shelf,
      photos: picked.value.map((photo) => photo.jpeg),
      species: said,
      keepWithoutAnimal: said !== null,
      animal: picked.value[0]!.animal,
      place: place.value,
      isHome: isHome.value,
      address: text("address"),
      happenedAt: text("happened_at"),
      held: (given.get("held") as Draft["held"]) ?? null,
      name: text("name"),
      description: text("description"),
      secretMark: text("secret_mark"),
      about,
      listed: given.has("listed"),
    };
    trouble.value = null;
    progress.value = 0;
    try {
      filed.value = await file(draft, words.language, key.current, (share) => (progress.value = share));
      scrollTo(0, 0);
    } catch (error) {
      const isTheirs = error instanceof Problem && error.status > 0 && error.status < 500;
      if (isTheirs && error.code === "blocked") trouble.value = words.t("problem.blocked", { where: `${location.origin}/privacy` });
      else trouble.value = isTheirs ? [error.message, error.hint].filter(Boolean).join(" ") : words.t("report.failed");
      if (isTheirs) key.current = crypto.randomUUID(); // what was refused will be sent changed
    } finally {
      progress.value = null;
    }
  };

  return (
    <form
      class="report"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <h1>{words.t(`report.${shelf}`)}</h1>
      {about && <p class="notice">{words.t("report.about")}</p>}
      <PhotoPicker picked={picked} />
      <fieldset>
        <legend>{words.t("report.species")}</legend>
        {(["cat", "dog"] as const).map((each) => (
          <button
            key={each}
            type="button"
            class="chip"
            aria-pressed={species === each}
            onClick={() => (chosenSpecies.value = each)}
          >
            {words.t(`report.${each}`)}
          </button>
        ))}
      </fieldset>
      <PlacePicker question={words.t(`report.where_${shelf}`)} place={place} />
      {shelf === "lost" && place.value && (
        <label class="check">
          <input type="checkbox" checked={isHome.value} onChange={() => (isHome.value = !isHome.value)} />
          <span>
            {words.t("report.is_home")}
            <small class="soft">{words.t("report.is_home_hint")}</small>
          </span>
        </label>
      )}
      <label class="field">
        {words.t("report.when")}
        <input type="datetime-local" name="happened_at" defaultValue={localNow()} max={localNow()} />
      </label>
      {shelf === "found" && (
        <fieldset>
          <legend>{words.t("report.held")}</legend>
          {(
            [
              ["held", "report.with_me"],
              ["seen_loose", "report.ran_on"],
            ] as const
          ).map(([value, label]) => (
            <label key={value} class="check">
              <input type="radio" name="held" value={value} /> <span>{words.t(label)}</span>
            </label>
          ))}
        </fieldset>
      )}
      {shelf === "lost" && (
        <label class="field">
          {words.t("report.name")}
          <input name="name" maxLength={100} autoComplete="off" />
        </label>
      )}
      <label class="field">
        {words.t(`report.about_${shelf}`)}
        <textarea name="description" rows={3} maxLength={4000} />
      </label>
      {shelf === "lost" && (
        <label class="field">
          {words.t("secret.label")}
          <input name="secret_mark" maxLength={300} autoComplete="off" />
          <small class="soft">{words.t("secret.hint")}</small>
        </label>
      )}
      <label class="check">
        <input type="checkbox" name="listed" />
        <span>
          {words.t("report.listed")}
          <small class="soft">{words.t("report.listed_hint")}</small>
        </span>
      </label>
      <p class="soft">{words.t("report.privacy")}</p>
      <div class="send">
        {trouble.value && (
          <p class="notice" role="alert">
            {trouble.value}
          </p>
        )}
        {progress.value !== null && <progress value={progress.value} aria-label={words.t("report.send")} />}
        <button class="main" disabled={progress.value !== null}>
          {progress.value === null
            ? words.t("report.send")
            : words.t("report.sending", { percent: `${Math.round(progress.value * 100)}\u00a0%` })}
        </button>
      </div>
    </form>
  );
}

/** Now, as a datetime-local input wants it. */
function localNow(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

import { effect, type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { newKey, Problem, type Species } from "../api";
import { useWords } from "../ui/context";
import { useTitle } from "../ui/title";
import type { Going } from "../upload";
import { Done } from "./Done";
import { type Attempt, type BegunPhoto, KeptDraft, type Resumed } from "./draft";
import { PhotoPicker, type Picked } from "./PhotoPicker";
import { PlacePicker } from "./PlacePicker";
import { kindsMeant } from "./seen";
import { type Draft, file, type Filed, printOf, type Shelf } from "./send";
import { elsewhere, type Elsewhere, onElsewhere, sentSince, tellOpened, tellSent } from "./tabs";
import { isTold, momentIn, resumedWhen, type When } from "./when";
import { WhenChoice } from "./WhenChoice";

const KEY_REUSED = "idempotency_key_reused";

type Start = Resumed | null;

/** A new report, or the one that was begun here and not sent. */
export function ReportPage({ shelf }: { shelf: Shelf }) {
  const about = shelf === "found" ? new URLSearchParams(location.search).get("about") : null;
  const kept = useMemo(() => new KeptDraft(shelf, about), [shelf, about]);
  const [shown, setShown] = useState<{ key: string; id: string; start: Start } | null>(null);
  const [became, setBecame] = useState<Elsewhere | null>(() => sentSince(kept.name));
  const show = (start: Start) => {
    const id = start?.id ?? newKey();
    tellOpened(kept.name, id);
    setShown({ key: newKey(), id, start });
    setBecame(null);
  };
  const open = () => void kept.begun().then(show);
  useEffect(() => void (became || open()), [kept]);
  useEffect(() => (shown ? onElsewhere(() => setBecame(elsewhere(kept.name, shown.id))) : undefined), [shown]);
  if (became?.what === "sent") return <SentElsewhere shelf={shelf} path={became.path} onAnother={open} />;
  if (!shown) return <div class="card skeleton" aria-busy="true" />;
  /** With what was filled in there since; where another animal is told of there, with what stands here. */
  const goOn = async () => {
    const start = await kept.begun();
    if (start?.id === shown.id) show(start);
    else {
      tellOpened(kept.name, shown.id);
      setBecame(null);
    }
  };
  return (
    <ReportForm
      key={shown.key}
      shelf={shelf}
      about={about}
      kept={kept}
      id={shown.id}
      start={shown.start}
      isElsewhere={became !== null}
      onGoOn={() => void goOn()}
      onStartAnew={() => {
        kept.forget();
        show(null);
      }}
    />
  );
}

/** The draft of this tab was sent from another one. */
function SentElsewhere({ shelf, path, onAnother }: { shelf: Shelf; path: string; onAnother: () => void }) {
  const words = useWords();
  return (
    <section class="done">
      <h1>{words.t(`report.${shelf}`)}</h1>
      <p role="status">{words.t("report.sent_elsewhere")}</p>
      <a class="button main" href={path}>
        {words.t("report.open")}
      </a>
      <button class="plain" onClick={onAnother}>
        {words.t("report.another")}
      </button>
    </section>
  );
}

interface FormProps {
  shelf: Shelf;
  /** The lost report that a finder answers. */
  about: string | null;
  kept: KeptDraft;
  id: string;
  start: Start;
  /** Another tab goes on with it. */
  isElsewhere: boolean;
  onGoOn: () => void;
  onStartAnew: () => void;
}

/** Everything on one page; only a photo and the time are needed. */
function ReportForm({ shelf, about, kept, id, start, isElsewhere, onGoOn, onStartAnew }: FormProps) {
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
  const [isGone, setGone] = useState(false); // the lost report that is answered
  const picked = useSignal<Picked[]>(useState(() => (start?.photos ?? []).map(shown))[0]);
  const preparing = useSignal(0);
  const chosenSpecies = useSignal<Species | null>(start?.species ?? null);
  const place = useSignal<Draft["place"]>(start?.place ?? null);
  const isHome = useSignal(start?.isHome ?? false);
  const when = useSignal<When>(useState(() => whenIn(start))[0]);
  const progress = useSignal<Going | null>(null);
  const trouble = useSignal<string | null>(null);
  const filed = useSignal<Filed | null>(earlierFiled());
  const attempt = useRef<Attempt>(start?.attempt ?? newAttempt(""));
  const given: Record<string, string> = start?.fields ?? {};

  const keep = () => {
    if (filed.value) return;
    kept.keep({
      id,
      fields: form.current ? textsIn(form.current) : given,
      species: chosenSpecies.value,
      place: place.value,
      isHome: isHome.value,
      when: when.value,
      attempt: attempt.current,
      photoIds: picked.value.map((photo) => photo.id),
      preparing: preparing.value,
    });
  };
  useLayoutEffect(() => {
    // at once: useSignalEffect waits for the next frame; so would the end of a useEffect, which then kept what was thrown away
    const ends = [
      effect(() => kept.keepPhotos(id, picked.value.map(({ url: _, ...photo }) => photo))),
      effect(keep),
    ];
    addEventListener("pagehide", keep);
    return () => {
      for (const end of ends) end();
      removeEventListener("pagehide", keep);
    };
  }, []);
  const told = useComputed(() => [chosenSpecies.value, when.value, ...picked.value.map(({ url }) => url)].join());
  useSignalEffect(() => void (told.value, (trouble.value = null))); // it was about what is another by now
  useTitle(words.t(`report.${shelf}`));
  const isSending = progress.value !== null;
  const failure = useRef<HTMLParagraphElement>(null);
  /** Where what is still missing is given. */
  const missed = useRef<".photos" | ".kind" | ".when" | null>(null);
  useLayoutEffect(() => {
    if (isSending) return;
    const missing = missed.current && form.current?.querySelector(missed.current);
    failure.current?.focus({ preventScroll: !!missing }); // the button that held the focus could not keep it while it was disabled
    missing?.scrollIntoView({ block: "center" }); // what is wrong stands in view all the same, above the button
  }, [isSending]);
  if (filed.value) return <Done filed={filed.value} />;

  const going = progress.value;
  const isStill = isSending || isElsewhere;
  const share = typeof going === "number" ? going : 0;
  const { species } = known(picked.value, chosenSpecies.value);
  const send = async (form: HTMLFormElement) => {
    progress.value = 0;
    await zero(preparing); // whoever taps at once need not tap again
    progress.value = null;
    const { species, areBoth, isSeen, isSeenOnAll } = known(picked.value, chosenSpecies.value);
    missed.current = picked.value.length === 0 ? ".photos" : ".kind";
    if (picked.value.length === 0) return void (trouble.value = words.t("report.needs_photo"));
    if (areBoth || (!isSeen && !species && picked.value.every((photo) => photo.seen))) {
      return void (trouble.value = words.t("report.needs_species"));
    }
    missed.current = ".when";
    if (!isTold(when.value)) return void (trouble.value = words.t(`report.needs_when_${shelf}`));
    missed.current = null;
    const texts = textsIn(form);
    const text = (name: string) => texts[name] ?? "";
    // the server's own look tells the species best; where it sees nothing on a photo, the person's word keeps that photo
    const said = chosenSpecies.value ?? (isSeenOnAll ? null : species);
    const draft: Draft = {
      shelf,
      photos: picked.value.map((photo) => photo.jpeg),
      species: said,
      keepWithoutAnimal: said !== null,
      animals: picked.value.map((photo) => photo.animal),
      place: place.value,
      isHome: isHome.value,
      address: text("address"),
      happenedAt: momentIn(when.value),
      held: (texts["held"] as Draft["held"]) ?? null,
      name: text("name"),
      description: text("description"),
      secretMark: text("secret_mark"),
      about: isGone ? null : about,
      listed: "listed" in texts,
    };
    trouble.value = null;
    progress.value = 0;
    try {
      const print = printOf(draft);
      if (attempt.current.print !== print) attempt.current = newAttempt(print);
      keep();
      filed.value = await file(draft, words.language, attempt.current.key, (going) => (progress.value = going));
      history.replaceState({ filed: filed.value }, ""); // the link outlives a reload and a tab that was put aside
      tellSent(kept.name, id, new URL(filed.value.link).pathname);
      kept.forget();
      scrollTo(0, 0);
    } catch (error) {
      const isTheirs = error instanceof Problem && error.status > 0 && error.status < 500;
      if (isTheirs && error.field === "about") {
        setGone(true); // the animal is compared with all others all the same
        trouble.value = words.t("report.about_gone");
        return;
      }
      if (isTheirs && error.code === "blocked") trouble.value = words.t("problem.blocked", { where: `${location.origin}/privacy` });
      else if (isTheirs && error.code !== KEY_REUSED) trouble.value = [error.message, error.hint].filter(Boolean).join(" ");
      else trouble.value = words.t(error instanceof Problem && error.status === 0 ? "report.unreached" : "report.failed");
      // under the key of one that is filed already nothing else is; every other key stays, for its report may be on its way
      if (isTheirs && error.code === KEY_REUSED) attempt.current = newAttempt("");
    } finally {
      progress.value = null;
    }
  };

  return (
    <form
      ref={form}
      class="report"
      onInput={keep}
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <h1>{words.t(`report.${shelf}`)}</h1>
      <fieldset class="given" disabled={isStill} inert={isStill}>
        {start && (
          <p class="notice" role="status">
            {words.t("report.kept")} {start.hadMark && words.t("report.kept_no_mark")}{" "}
            {start.lost > 0 && <strong>{words.count("report.kept_without", start.lost)} </strong>}
            <button type="button" class="plain" onClick={onStartAnew}>
              {words.t("report.start_anew")}
            </button>
          </p>
        )}
        {about && !isGone && <p class="notice">{words.t("report.about")}</p>}
        <PhotoPicker picked={picked} preparing={preparing} species={chosenSpecies} />
        <fieldset class="kind">
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
        <PlacePicker question={words.t(`report.where_${shelf}`)} place={place} address={given["address"] ?? ""} />
        {shelf === "lost" && place.value && (
          <label class="check">
            <input type="checkbox" checked={isHome.value} onChange={() => (isHome.value = !isHome.value)} />
            <span>
              {words.t("report.is_home")}
              <small class="soft">{words.t("report.is_home_hint")}</small>
            </span>
          </label>
        )}
        <WhenChoice shelf={shelf} when={when} />
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
                <input type="radio" name="held" value={value} defaultChecked={given["held"] === value} /> <span>{words.t(label)}</span>
              </label>
            ))}
          </fieldset>
        )}
        {shelf === "lost" && (
          <label class="field">
            {words.t("report.name")}
            <input name="name" defaultValue={given["name"] ?? ""} maxLength={100} autoComplete="off" />
          </label>
        )}
        <label class="field">
          {words.t(`report.about_${shelf}`)}
          <textarea name="description" rows={3} maxLength={4000} defaultValue={given["description"] ?? ""} />
          {shelf === "found" && <small class="soft">{words.t("report.about_found_hint")}</small>}
        </label>
        {shelf === "lost" && (
          <label class="field">
            {words.t("secret.label")}
            <input name="secret_mark" maxLength={300} autoComplete="off" />
            <small class="soft">{words.t("secret.hint")}</small>
          </label>
        )}
        <label class="check">
          <input type="checkbox" name="listed" defaultChecked={"listed" in given} />
          <span>
            {words.t("report.listed")}
            <small class="soft">{words.t(`report.listed_hint_${shelf}`)}</small>
          </span>
        </label>
      </fieldset>
      <p class="soft">{words.t("report.privacy")}</p>
      <div class="send">
        {trouble.value && (
          <p ref={failure} class="notice" role="alert" tabIndex={-1}>
            {trouble.value}
          </p>
        )}
        {isElsewhere && !isSending && (
          <p class="notice" role="status">
            {words.t("report.elsewhere")}{" "}
            <button type="button" class="plain" onClick={onGoOn}>
              {words.t("report.go_on_here")}
            </button>
          </p>
        )}
        {isSending && (
          <p class="soft" role="status">
            {words.t(going === "again" ? "report.sent_again" : "report.being_sent")}
          </p>
        )}
        {isSending && <progress value={share} aria-label={words.t("report.send")} />}
        <button class="main" disabled={isStill}>
          {isSending ? words.t("report.sending", { percent: words.share(share) }) : words.t("report.send")}
        </button>
      </div>
    </form>
  );
}

/** What was filed on this page, when it is loaded again or returned to. */
function earlierFiled(): Filed | null {
  return (history.state as { filed?: Filed } | null)?.filed ?? null;
}

/** What was said of it; of what may be filed already nothing changes by itself, else it would be filed twice. */
function whenIn(start: Start): When {
  const said = start?.when ?? "";
  return start?.attempt.print ? said : resumedWhen(said);
}

/** What is known of the animal by now: the person's word first, then what was seen. */
function known(picked: Picked[], chosen: Species | null) {
  const kinds = kindsMeant(picked);
  const areBoth = !chosen && kinds.length > 1;
  return {
    species: areBoth ? null : (chosen ?? kinds[0] ?? null),
    /** Whose report it is cannot be told: the photos show a cat and a dog, and the person named neither. */
    areBoth,
    isSeen: kinds.length > 0,
    isSeenOnAll: picked.every((photo) => !photo.seen || photo.seen.animals.length > 0),
  };
}

/** Once it is 0. */
function zero(count: Signal<number>): Promise<void> {
  return new Promise((done) => {
    const stop = count.subscribe((now) => {
      if (now > 0) return;
      done();
      queueMicrotask(() => stop());
    });
  });
}

function newAttempt(print: string): Attempt {
  return { key: newKey(), print };
}

function shown(photo: BegunPhoto): Picked {
  return { ...photo, url: URL.createObjectURL(photo.jpeg) };
}

/** What the named inputs hold, also while they cannot be changed; of boxes only those that are ticked. */
function textsIn(form: HTMLFormElement): Record<string, string> {
  const inputs = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(":is(input, textarea)[name]")];
  const given = inputs.filter((each) => each.name && !each.matches(":is([type=checkbox], [type=radio]):not(:checked)"));
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

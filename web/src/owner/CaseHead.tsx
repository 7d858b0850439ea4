import { useSignal } from "@preact/signals";
import { Suspense } from "preact/compat";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Report } from "../api";
import { LettersForm } from "../email/LettersForm";
import { PushSwitch } from "../push/PushSwitch";
import { shrunk, whyUnusable } from "../report/pictures";
import { base } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { useKeptFocus } from "../ui/focus";
import { late } from "../ui/late";
import { type Case, isLikely } from "./case";
import { endedOf } from "./ended";
import { SecretMark } from "./SecretMark";

const PinMap = late(() => import("../report/PinMap").then((module) => module.default));

const DAY_MS = 86_400_000;
const MOST_PHOTOS = 10;

type End = "reunited" | "closed";

interface Headed {
  owned: Case;
  report: Report;
  name: string;
  onErased: () => void;
}

/** The owner's pet, how many animals may be it, and what can be done with the case. */
export function CaseHead({ owned, report, name, onErased }: Headed) {
  const words = useWords();
  const asked = useSignal<End | null>(null);
  const asker = useRef<HTMLElement | null>(null);
  const ask = (end: End) => (event: Event) => {
    asker.current = event.currentTarget as HTMLElement;
    asked.value = end;
  };
  useLayoutEffect(() => {
    if (!asked.value) asker.current?.focus(); // after No back to where it was asked
  }, [asked.value]);
  const box = useRef<HTMLElement>(null);
  useKeptFocus(box, ":scope > .notice, :scope > .actions > button");
  const matches = owned.matches.value.filter(isLikely).length;
  const isMoving = useSignal(false);
  const ended = endedOf(words, report, name);
  const photo = report.photos[0];
  const erase = (
    <button
      class="plain"
      onClick={() => {
        if (confirm(words.t("owner.sure_erase"))) void owned.erase().then((isErased) => isErased && onErased());
      }}
    >
      {words.t("owner.erase")}
    </button>
  );
  return (
    <section ref={box} class="case">
      <div class="case-head">
        {photo && <img class="portrait" src={photo.crop} alt={name} width="96" height="96" />}
        <div>
          <h1>{name}</h1>
          <p class="soft" title={words.exact(report.happened_at)}>
            {words.t("owner.lost_since", { when: words.ago(report.happened_at) })}
          </p>
          {!ended && matches > 0 && <p class="count">{words.count("owner.count", matches)}</p>}
        </div>
      </div>
      {ended ? (
        <div class="notice" tabIndex={-1}>
          <p>{ended}</p>
          {report.status === "hidden" ? (
            <a class="button" href="/privacy#ask">
              {words.t("owner.object")}
            </a>
          ) : (
            <button onClick={() => void owned.change({ status: "open" })}>{words.t("owner.reopen")}</button>
          )}
          {erase}
        </div>
      ) : (
        <div class="actions" hidden={asked.value !== null}>
          <button onClick={ask("reunited")}>{words.t("owner.close", { name })}</button>
          <details class="more">
            <summary>{words.t("owner.more")}</summary>
            <AddPhotos owned={owned} />
            <button class="plain" onClick={() => (isMoving.value = true)}>
              {words.t("owner.move_home")}
            </button>
            <button class="plain" onClick={() => void owned.change({ listed: !report.listed })}>
              {words.t(report.listed ? "owner.unlist" : "owner.list")}
            </button>
            {report.listed && (
              <a class="button plain" href={`/pet/${report.id}`}>
                {words.t("owner.share")}
              </a>
            )}
            <a class="button plain" href={`${base}/lost/${report.id}/poster`}>
              {words.t("owner.poster")}
            </a>
            <a class="button plain" href={`/now?species=${report.species}&lang=${words.language}`}>
              {words.t("tips.title")}
            </a>
            {!base && <PushSwitch server={owned.server} reportId={report.id} />}
            <Mute owned={owned} report={report} />
            <button class="plain" onClick={ask("closed")}>
              {words.t("owner.stop")}
            </button>
            <SecretMark owned={owned} report={report} />
            {!base && <LettersForm server={owned} />}
            {erase}
          </details>
        </div>
      )}
      {!ended && asked.value && (
        <Sure
          onYes={() => {
            const status = asked.value!;
            asked.value = null;
            void owned.change({ status });
          }}
          onNo={() => (asked.value = null)}
        />
      )}
      {!ended && isMoving.value && <Home owned={owned} report={report} onDone={() => (isMoving.value = false)} />}
    </section>
  );
}

/** The question before a search ends; whoever asked from deep in the menu is led to it. */
function Sure({ onYes, onNo }: { onYes: () => void; onNo: () => void }) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.scrollIntoView({ block: "center" });
    box.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div ref={box} class="notice" role="alertdialog" aria-label={words.t("owner.sure_close")} tabIndex={-1}>
      <p>{words.t("owner.sure_close")}</p>
      <button class="main" onClick={onYes}>
        {words.t("owner.yes")}
      </button>
      <button onClick={onNo}>{words.t("owner.no")}</button>
    </div>
  );
}

/** More photos: made small, then sent; what is none is said by its name. */
function AddPhotos({ owned }: { owned: Case }) {
  const words = useWords();
  const isBusy = useSignal(false);
  const refused = useSignal<string[]>([]);
  const unseen = useSignal<Blob[]>([]);
  const room = MOST_PHOTOS - (owned.report.value?.photos.length ?? 0);
  const add = async (files: File[]) => {
    isBusy.value = true;
    refused.value = files.length > room ? [words.t("report.too_many", { most: MOST_PHOTOS, left: files.length - Math.max(0, room) })] : [];
    const photos: Blob[] = [];
    for (const file of files.slice(0, Math.max(0, room))) {
      try {
        photos.push(await shrunk(file));
      } catch (error) {
        refused.value = [...refused.value, whyUnusable(words, file, error)];
      }
    }
    if (photos.length > 0) await send(photos);
    isBusy.value = false;
  };
  const keepUnseen = async () => {
    isBusy.value = true;
    await send(unseen.value, true);
    isBusy.value = false;
  };
  const send = async (photos: Blob[], keep = false) => {
    unseen.value = [];
    if ((await owned.addPhotos(photos, keep)) || owned.problem.value?.code !== "no_animal_found") return;
    owned.problem.value = null; // said here, where the photos were chosen
    unseen.value = photos;
  };
  return (
    <>
      <label class="button plain file" aria-busy={isBusy.value}>
        {words.t(isBusy.value ? "owner.adding_photos" : "owner.add_photos")}
        <input
          type="file"
          accept="image/*,.heic,.heif"
          multiple
          disabled={isBusy.value}
          onChange={(event) => {
            const input = event.currentTarget;
            void add([...(input.files ?? [])]).then(() => (input.value = ""));
          }}
        />
      </label>
      {unseen.value.length > 0 && (
        <p class="notice" role="alert">
          {words.t("owner.no_animal")}{" "}
          <button onClick={() => void keepUnseen()}>{words.t("owner.keep_photo")}</button>
        </p>
      )}
      {refused.value.map((text) => (
        <p key={text} class="notice" role="alert">
          {text}
        </p>
      ))}
    </>
  );
}

/** Home is moved on a map; nobody but the owner sees it. */
function Home({ owned, report, onDone }: { owned: Case; report: Report; onDone: () => void }) {
  const words = useWords();
  const known = report.home ?? report.place;
  const place = useSignal(known?.lat != null && known.lon != null ? { lat: known.lat, lon: known.lon } : null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "center" }), []);
  return (
    <div ref={box} class="home">
      <p class="soft">{words.t("report.is_home_hint")}</p>
      <Suspense fallback={<div class="pin-map skeleton" />}>
        <PinMap place={place} />
      </Suspense>
      <button
        class="main"
        disabled={!place.value}
        onClick={() => {
          const { lat, lon } = place.value!;
          void owned.change({ home_lat: lat, home_lon: lon }).then((isDone) => isDone && onDone());
        }}
      >
        {words.t("owner.save_home")}
      </button>
      <button onClick={onDone}>{words.t("owner.no")}</button>
    </div>
  );
}

function Mute({ owned, report }: { owned: Case; report: Report }) {
  const words = useWords();
  const until = report.muted_until;
  if (until && Date.parse(until) > Date.now()) {
    return (
      <button class="plain" onClick={() => void owned.change({ muted_until: null })}>
        {words.t("owner.unmute", { until: words.exact(until) })}
      </button>
    );
  }
  const tomorrow = () => new Date(Date.now() + DAY_MS).toISOString();
  return (
    <button class="plain" onClick={() => void owned.change({ muted_until: tomorrow() })}>
      {words.t("owner.mute")}
    </button>
  );
}

import { useSignal } from "@preact/signals";
import { Suspense } from "preact/compat";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Report } from "../api";
import { LettersForm } from "../email/LettersForm";
import { PushSwitch } from "../push/PushSwitch";
import { base } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { Deed } from "../ui/Deed";
import { useKeptFocus } from "../ui/focus";
import { late } from "../ui/late";
import { Sure } from "../ui/Sure";
import { AddPhotos } from "./AddPhotos";
import { type Case, isLikely } from "./case";
import { CaseLink } from "./CaseLink";
import { EditReport } from "./EditReport";
import { endedOf } from "./ended";
import { NoPicture } from "./NoPicture";
import { SecretMark } from "./SecretMark";
import { TakeOff } from "./TakeOff";

const PinMap = late(() => import("../report/PinMap").then((module) => module.default));

const DAY_MS = 86_400_000;

type End = "reunited" | "closed";

interface Headed {
  owned: Case;
  report: Report;
  name: string;
}

/** The owner's pet, how many animals may be it, and what can be done with the case. */
export function CaseHead({ owned, report, name }: Headed) {
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
  const isEditing = useSignal(false);
  const ended = endedOf(words, report, name);
  const photo = report.photos[0];
  const erase = (
    <Deed
      look="plain"
      text={words.t("owner.erase")}
      act={async () => (confirm(words.t("owner.sure_erase")) ? owned.erase() : null)}
    />
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
            <Deed text={words.t("owner.reopen")} act={() => owned.change({ status: "open" })} />
          )}
          {erase}
        </div>
      ) : (
        <div class="actions" hidden={asked.value !== null}>
          <button onClick={ask("reunited")}>{words.t("owner.close", { name })}</button>
          <details class="more">
            <summary>{words.t("owner.more")}</summary>
            <AddPhotos photos={report.photos} onAdd={owned.addPhoto} />
            <TakeOff photos={report.photos} onTakeOff={(photoId) => owned.takeOff(photoId)} />
            <button class="plain" onClick={() => (isEditing.value = true)}>
              {words.t("owner.edit")}
            </button>
            <button class="plain" onClick={() => (isMoving.value = true)}>
              {words.t("owner.move_home")}
            </button>
            <Deed
              look="plain"
              text={words.t(report.listed ? "owner.unlist" : "owner.list")}
              act={() => owned.change({ listed: !report.listed })}
            />
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
            {!base && <CaseLink server={owned.server} />}
            {!base && <LettersForm server={owned} />}
            {erase}
          </details>
        </div>
      )}
      <NoPicture report={report} onAdd={owned.addPhoto} />
      {!ended && asked.value && (
        <Sure
          text={words.t("owner.sure_close")}
          onYes={async () => {
            const problem = await owned.change({ status: asked.value! });
            if (!problem) asked.value = null;
            return problem;
          }}
          onNo={() => (asked.value = null)}
        />
      )}
      {!ended && isEditing.value && <EditReport owned={owned} report={report} onDone={() => (isEditing.value = false)} />}
      {!ended && isMoving.value && <Home owned={owned} report={report} onDone={() => (isMoving.value = false)} />}
    </section>
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
      <Deed
        look="main"
        isDisabled={!place.value}
        text={words.t("owner.save_home")}
        act={async () => {
          const { lat, lon } = place.value!;
          const problem = await owned.change({ home_lat: lat, home_lon: lon });
          if (!problem) onDone();
          return problem;
        }}
      />
      <button onClick={onDone}>{words.t("owner.cancel")}</button>
    </div>
  );
}

function Mute({ owned, report }: { owned: Case; report: Report }) {
  const words = useWords();
  const until = report.muted_until;
  if (until && Date.parse(until) > Date.now()) {
    return <Deed look="plain" text={words.t("owner.unmute", { until: words.exact(until) })} act={() => owned.change({ muted_until: null })} />;
  }
  const tomorrow = () => new Date(Date.now() + DAY_MS).toISOString();
  return <Deed look="plain" text={words.t("owner.mute")} act={() => owned.change({ muted_until: tomorrow() })} />;
}

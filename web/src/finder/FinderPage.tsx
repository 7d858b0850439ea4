import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { asProblem, type Change, ERASED, type Handover, type Owner, type Problem, type Report, Server } from "../api";
import { LettersForm } from "../email/LettersForm";
import { AddPhotos, type Send } from "../owner/AddPhotos";
import { CaseLink } from "../owner/CaseLink";
import { dropUnnamed, forget, keep, keepTalks, recall, recallTalks } from "../owner/kept";
import { NoPicture } from "../owner/NoPicture";
import { TakeOff } from "../owner/TakeOff";
import { PushSwitch } from "../push/PushSwitch";
import { Connect } from "../talk/Connect";
import { type About, TalkList } from "../talk/TalkList";
import { Talks } from "../talk/talks";
import { base } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { Degree, stepOf } from "../ui/Degree";
import { Notice } from "../ui/Notice";
import { useTitle } from "../ui/title";
import { Trouble } from "../ui/Trouble";
import type { Words } from "../words";
import { likelyOwners } from "./likely";

/** Below it the server lets no finder write to an owner, but to the one who is answered. */
const MAY_ASK = 0.25;
const PENDING_MS = 2000;
const RETRY_MS = 5000;

/** The page behind a finder's link: which lost pets it may be, nothing that would betray a home. */
export function FinderPage({ id, token }: { id: string; token: string | null }) {
  const words = useWords();
  const server = useMemo(() => new Server(id, words.language), [id]);
  const report = useSignal<Report | null>(null);
  const owners = useSignal<Owner[]>([]);
  const problem = useSignal<Problem | null>(null);
  /** When what is shown was known, where it is not fresh. */
  const knownAt = useSignal<number | null>(null);
  const talks = useMemo(() => new Talks(server, (all) => keepTalks(id, all)), [server]);

  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.status === 401 || problem.value.status === 403) forget(id);
      if (problem.value.code === ERASED.code) stop.current();
      if (problem.value.status === 0) recollect();
    }
  };
  /** As this device remembers it, until there is a network again. */
  const recollect = () => {
    const kept = recall(id);
    const said = recallTalks(id);
    if (kept?.owners && !report.value) {
      report.value = kept.report;
      owners.value = kept.owners;
    }
    knownAt.value = kept?.at ?? null;
    if (said) talks.recall(said.all, said.at);
    clearTimeout(retrying.current);
    if (report.value) retrying.current = setTimeout(() => void open(), RETRY_MS);
  };
  const fill = async () => {
    [report.value, owners.value] = await Promise.all([server.report(), server.owners()]);
    keep(id, { report: report.value, owners: owners.value, at: Date.now() });
    dropUnnamed();
    if (report.value.pending) setTimeout(() => void refresh(), PENDING_MS);
  };
  const refresh = () => attempt(fill);
  const change = (what: Change) =>
    void attempt(async () => {
      report.value = await server.change(what);
    });
  const addPhoto: Send = async (...chosen) => {
    try {
      report.value = await server.addPhoto(...chosen);
    } catch (error) {
      return asProblem(error);
    }
    void refresh();
    return null;
  };
  const takeOff = async (photoId: string) => {
    try {
      report.value = await server.takeOff(photoId);
    } catch (error) {
      return asProblem(error);
    }
    keep(id, { report: report.value, owners: owners.value, at: Date.now() }); // the copy on this device loses it at once
    dropUnnamed();
    void refresh();
    return null;
  };
  const stop = useRef(() => {});
  const retrying = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const open = () =>
    attempt(async () => {
      clearTimeout(retrying.current);
      stop.current();
      await Promise.all([token && server.openSession(token), fill()]);
      if (talks.keptAt.value !== null && !talks.areFresh.value) void talks.refresh(); // as they are now, whenever news come
      stop.current = server.listen(
        () => void refresh(),
        () => void talks.refresh(),
      );
    });
  useEffect(() => {
    const again = () => void (problem.value?.status === 0 && report.value && open());
    void open();
    addEventListener("online", again);
    return () => {
      removeEventListener("online", again);
      clearTimeout(retrying.current);
      stop.current();
    };
  }, [server]);
  useTitle(words.t("finder.thanks"));

  if (problem.value?.code === ERASED.code) return <Trouble problem={problem.value} />;
  if (problem.value && !report.value) return <Trouble problem={problem.value} again={() => void open()} />;
  if (!report.value) return <div class="card skeleton" aria-busy="true" />;
  const photo = report.value.photos[0];
  const isAnswered = (owner: Owner) => owner.lost_id === report.value!.about;
  const likely = likelyOwners(owners.value, report.value.about);
  return (
    <section class="finder">
      {problem.value && <Notice problem={problem.value} knownAt={knownAt.value} />}
      <div class="case-head">
        {photo && <img class="portrait" src={photo.crop} alt={words.t("match.found")} width="96" height="96" />}
        <h1>{words.t("finder.thanks")}</h1>
      </div>
      {report.value.status === "hidden" ? (
        <div class="notice">
          <p>{words.t("owner.hidden_by_desk", { why: report.value.hidden_because ?? "" })}</p>
          <a class="button" href="/privacy#ask">
            {words.t("owner.object")}
          </a>
        </div>
      ) : (
        report.value.status !== "open" && (
          <div class="notice">
            <p>{words.t("finder.closed")}</p>
            <button onClick={() => change({ status: "open" })}>{words.t("finder.reopen")}</button>
          </div>
        )
      )}
      <NoPicture report={report.value} onAdd={addPhoto} />
      {report.value.pending && (
        <p class="notice" role="status">
          {words.t("owner.waiting")}
        </p>
      )}
      <TalkList talks={talks} about={({ handover }) => aboutOwner(words, handover)} />
      {likely.length === 0 ? (
        <section class="empty">
          <h2>{words.t("finder.searching")}</h2>
          <p>{words.t("finder.searching_text")}</p>
        </section>
      ) : (
        <>
          <h2>{words.count("finder.owners", likely.length)}</h2>
          <ol class="cards">
            {likely.map((owner) => (
              <li key={owner.lost_id} class={`card step-${stepOf(owner.degree_word)}`}>
                <div class="pair">
                  {photo && <img src={photo.crop} alt={words.t("match.found")} width="320" height="320" />}
                  <img src={owner.photo.crop} alt={owner.name ?? words.t("report.lost")} width="320" height="320" />
                </div>
                <div class="card-text">
                  {owner.name && <h3>{owner.name}</h3>}
                  <Degree degree={owner.degree} word={owner.degree_word} />
                  <p>{[owner.district, band(words, owner)].filter(Boolean).join(", ")}</p>
                  <Connect
                    talks={talks}
                    lostId={owner.lost_id}
                    foundId={id}
                    text={
                      report.value!.status !== "hidden" && (isAnswered(owner) || owner.degree >= MAY_ASK)
                        ? words.t("talk.write_owner")
                        : null
                    }
                  />
                </div>
              </li>
            ))}
          </ol>
        </>
      )}
      <details class="more">
        <summary>{words.t("owner.more")}</summary>
        <PushSwitch server={server} reportId={id} />
        <LettersForm server={server} />
        {!base && <CaseLink server={server} />}
        {report.value.status === "open" && (
          <>
            <AddPhotos photos={report.value.photos} onAdd={addPhoto} />
            <TakeOff photos={report.value.photos} onTakeOff={takeOff} />
            <button class="plain" onClick={() => change({ listed: !report.value!.listed })}>
              {words.t(report.value.listed ? "owner.unlist" : "owner.list")}
            </button>
            <button class="plain" onClick={() => confirm(words.t("finder.sure_close")) && change({ status: "closed" })}>
              {words.t("finder.close")}
            </button>
          </>
        )}
        <button
          class="plain"
          onClick={() => {
            if (!confirm(words.t("finder.sure_erase"))) return;
            void attempt(async () => {
              await server.erase();
              throw ERASED;
            });
          }}
        >
          {words.t("finder.erase")}
        </button>
      </details>
    </section>
  );
}

/** Whom a conversation is with: the pet that is looked for. */
function aboutOwner(words: Words, { pet }: Handover): About | null {
  if (!pet) return null;
  return { picture: pet.photo?.crop, text: [pet.name ?? words.t(`poster.${pet.species}`), pet.district].filter(Boolean).join(", ") };
}

function band(words: Words, owner: Owner): string {
  if (!owner.distance_band_km) return "";
  const [low, high] = owner.distance_band_km;
  const shown = words.number(low, 1);
  return high === null
    ? words.t("finder.far", { low: shown })
    : words.t("finder.near", { low: shown, high: words.number(high, 1) });
}

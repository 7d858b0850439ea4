import { Suspense } from "preact/compat";
import { useEffect, useMemo } from "preact/hooks";
import { ERASED, Server } from "../api";
import { type About, TalkList } from "../talk/TalkList";
import { backButton, base } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { late } from "../ui/late";
import { useMedia } from "../ui/media";
import { Notice } from "../ui/Notice";
import { useTitle } from "../ui/title";
import { Trouble } from "../ui/Trouble";
import type { Words } from "../words";
import { Case, isLikely } from "./case";
import { CaseHead } from "./CaseHead";
import { Compare } from "./Compare";
import { FilterBar } from "./FilterBar";
import { MatchList, whenAndWhere } from "./MatchList";
import { WIDE } from "./over";

const MatchMap = late(() => import("./map/MatchMap").then((module) => module.default));

/** The page behind an owner's link: their pet, what may be it, and what to do about it. */
export function OwnerPage({ id, token }: { id: string; token: string | null }) {
  const words = useWords();
  const owned = useMemo(() => new Case(id, new Server(id, words.language)), [id]);
  const { over } = owned;
  const isWide = useMedia(WIDE);
  useEffect(() => {
    void owned.open(token);
    return () => owned.close();
  }, [owned]);
  useEffect(() => over.listen(), [over]);
  const isOver = over.isOpen.value;
  useEffect(() => (isOver ? backButton(() => over.back()) : undefined), [over, isOver]);

  const report = owned.report.value;
  const problem = owned.problem.value;
  useTitle(report && (report.name ?? words.t(`poster.${report.species}`)));
  if (problem?.code === ERASED.code) return <Trouble problem={problem} />;
  if (problem && !report) return <Trouble problem={problem} again={() => void (problem.status === 0 ? owned.retry() : owned.open(token))} />;
  if (!report) return <Skeleton />;
  const name = report.name ?? words.t(`pet.${report.species}`);
  const compare = (match: string) => over.compare(match);
  const compared = owned.matches.value.find((match) => match.found_id === over.compared.value)?.found_id;
  const hasMatches = owned.matches.value.length > 0;
  const hasLikely = owned.matches.value.some(isLikely);
  const isOpen = report.status === "open"; // what has ended says so once, in its head, and promises nothing
  return (
    <div class={`owner ${hasMatches ? `show-${over.view.value}` : ""}`}>
      <div class="owner-main">
        {problem && <Notice problem={problem} knownAt={owned.knownAt.value} />}
        <CaseHead owned={owned} report={report} name={name} />
        <TalkList talks={owned.talks} about={({ handover }) => aboutFound(words, owned, handover.found_id)} />
        {isOpen && report.pending && (
          <p class="notice" role="status">
            {words.t("owner.waiting")}
          </p>
        )}
        {isOpen && !hasLikely && (
          <section class="empty">
            <h2>{words.t("owner.none")}</h2>
            <p>{words.t("owner.none_text", { name })}</p>
            <a class="button" href={`${base}/lost/${report.id}/poster`}>
              {words.t("owner.poster")}
            </a>
          </section>
        )}
        {hasMatches && (
          <>
            {!hasLikely && <h2>{words.t("owner.least_likely")}</h2>}
            <FilterBar owned={owned} />
            <News owned={owned} />
            <section class="results-list">
              <MatchList owned={owned} report={report} name={name} onCompare={compare} />
            </section>
          </>
        )}
      </div>
      {hasMatches && (
        <section class="results-map">
          {(isWide || over.view.value === "map") && (
            <Suspense fallback={<div class="map skeleton" />}>
              <MatchMap owned={owned} name={name} onCompare={compare} />
            </Suspense>
          )}
        </section>
      )}
      {compared && <Compare owned={owned} report={report} name={name} foundId={compared} />}
    </div>
  );
}

/** Whom a conversation is with: the animal that was found. */
function aboutFound(words: Words, owned: Case, foundId: string): About | null {
  const match = owned.matches.value.find(({ found_id }) => found_id === foundId);
  if (!match) return null;
  return { picture: match.photo.crop, text: whenAndWhere(words, match) };
}

/** Quietly: a line that says so; nothing jumps before it is tapped. */
function News({ owned }: { owned: Case }) {
  const words = useWords();
  return (
    <p class="news" role="status">
      {owned.news.value.length > 0 && (
        <button class="plain" onClick={() => owned.showNews()}>
          {words.count("owner.new", owned.news.value.length)}
        </button>
      )}
    </p>
  );
}

function Skeleton() {
  return (
    <div aria-busy="true">
      <div class="case-head">
        <div class="skeleton portrait" />
        <div class="skeleton line" />
      </div>
      {[1, 2, 3].map((each) => (
        <div key={each} class="skeleton card" />
      ))}
    </div>
  );
}

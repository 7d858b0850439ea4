import { useSignal } from "@preact/signals";
import { lazy, Suspense } from "preact/compat";
import { useEffect, useMemo } from "preact/hooks";
import { Server } from "../api";
import { TalkList } from "../talk/TalkList";
import { useWords } from "../ui/context";
import { Trouble } from "../ui/Trouble";
import { Case } from "./case";
import { CaseHead } from "./CaseHead";
import { Compare } from "./Compare";
import { FilterBar } from "./FilterBar";
import { MatchList } from "./MatchList";

const MatchMap = lazy(() => import("./MatchMap"));

/** The page behind an owner's link: their pet, what may be it, and what to do about it. */
export function OwnerPage({ id, token }: { id: string; token: string | null }) {
  const words = useWords();
  const owned = useMemo(() => new Case(id, new Server(id, words.language)), [id]);
  const comparing = useSignal<string | null>(null);
  const view = useSignal<"list" | "map">("list");
  useEffect(() => {
    void owned.open(token);
    return () => owned.close();
  }, [owned]);

  const report = owned.report.value;
  const problem = owned.problem.value;
  if (problem && !report) return <Trouble problem={problem} again={() => void owned.open(token)} />;
  if (!report) return <Skeleton />;
  const name = report.name ?? words.t(`pet.${report.species}`);
  return (
    <>
      {problem && (
        <p class="notice" role="status">
          {problem.status === 0 && owned.knownAt.value
            ? words.t("problem.offline_shown", { when: words.ago(owned.knownAt.value) })
            : problem.message || words.t("problem.server")}
        </p>
      )}
      <CaseHead owned={owned} report={report} name={name} />
      <TalkList talks={owned.talks} />
      {report.pending && (
        <p class="notice" role="status">
          {words.t("owner.waiting")}
        </p>
      )}
      {owned.matches.value.length === 0 ? (
        <section class="empty">
          <h2>{words.t("owner.none")}</h2>
          <p>{words.t("owner.none_text", { name })}</p>
        </section>
      ) : (
        <>
          <FilterBar owned={owned} />
          <News owned={owned} />
          <div class={`results show-${view.value}`}>
            <section class="results-list">
              <MatchList owned={owned} report={report} name={name} onCompare={(match) => (comparing.value = match)} />
            </section>
            <section class="results-map">
              {(view.value === "map" || matchMedia("(min-width: 75rem)").matches) && (
                <Suspense fallback={<div class="map skeleton" />}>
                  <MatchMap owned={owned} report={report} onCompare={(match) => (comparing.value = match)} />
                </Suspense>
              )}
            </section>
          </div>
          <nav class="views" aria-label={`${words.t("view.list")} / ${words.t("view.map")}`}>
            {(["list", "map"] as const).map((each) => (
              <button key={each} aria-pressed={view.value === each} onClick={() => (view.value = each)}>
                {words.t(`view.${each}`)}
              </button>
            ))}
          </nav>
        </>
      )}
      {comparing.value && (
        <Compare owned={owned} report={report} name={name} first={comparing.value} onClose={() => (comparing.value = null)} />
      )}
    </>
  );
}

/** Quietly: a line that says so; nothing jumps. */
function News({ owned }: { owned: Case }) {
  const words = useWords();
  return (
    <p class="news" role="status">
      {owned.news.value > 0 && (
        <button class="plain" onClick={() => (owned.news.value = 0)}>
          {words.count("owner.new", owned.news.value)}
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

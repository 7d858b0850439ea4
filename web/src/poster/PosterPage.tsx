import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { renderSVG } from "uqr";
import { asProblem, type Problem, type Report, Server } from "../api";
import { endedOf } from "../owner/ended";
import { backButton, base } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { useTitle } from "../ui/title";
import { Trouble } from "../ui/Trouble";

/** One page of paper: a large photo, the marks, and a code that leads a finder to a report about this pet. A search that has ended has none. */
export function PosterPage({ id }: { id: string }) {
  const words = useWords();
  const report = useSignal<Report | null>(null);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => {
    new Server(id, words.language).report().then(
      (found) => (report.value = found),
      (error: unknown) => (problem.value = asProblem(error)),
    );
  }, [id]);
  useEffect(() => backButton(() => history.back()), []);
  const who = report.value && [report.value.name, words.t(`poster.${report.value.species}`)].filter(Boolean).join(", ");
  useTitle(who && words.t("poster.title", { who }));
  const answer = `${location.origin}/found/new?about=${id}`;
  const code = useMemo(() => `data:image/svg+xml,${encodeURIComponent(renderSVG(answer, { border: 1 }))}`, [answer]);
  if (problem.value) return <Trouble problem={problem.value} />;
  if (!report.value) return <div class="card skeleton" aria-busy="true" />;
  const back = (
    <a class="button" href={`${base}/lost/${id}`}>
      {words.t("poster.back")}
    </a>
  );
  const ended = endedOf(words, report.value, report.value.name ?? words.t(`pet.${report.value.species}`));
  if (ended) {
    return (
      <section class="empty">
        <h1>{who}</h1>
        <p class="lead">{ended}</p>
        <p>{words.t("poster.take_down")}</p>
        {back}
      </section>
    );
  }
  const { photos, species, name, happened_at, place, description } = report.value;
  return (
    <>
      <article class="poster">
        <h1>{words.t("poster.lost")}</h1>
        {photos[0] && <img class="poster-photo" src={photos[0].full} alt={name ?? words.t(`poster.${species}`)} />}
        <h2>{who}</h2>
        <p class="lead">{[words.t("poster.since", { when: words.day(happened_at) }), place?.district].filter(Boolean).join(", ")}</p>
        {description && <p class="lead as-written">{description}</p>}
        <footer>
          <img src={code} alt={answer} width="160" height="160" />
          <p>{words.t("poster.scan")}</p>
        </footer>
      </article>
      <p class="actions no-print">
        <button class="main" onClick={() => print()}>
          {words.t("poster.print")}
        </button>
        {back}
      </p>
    </>
  );
}

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Picture, Report } from "../api";
import { useWords } from "../ui/context";
import { Degree } from "../ui/Degree";
import { Notice } from "../ui/Notice";
import type { Case } from "./case";
import { FindersWords, whenAndWhere } from "./MatchList";
import { VerdictButtons } from "./VerdictButtons";

interface Compared {
  owned: Case;
  report: Report;
  name: string;
  /** The found animal beside the owner's. */
  foundId: string;
}

/** Both animals large, one above the other on a phone; the photos of each can be swiped through. */
export function Compare({ owned, report, name, foundId }: Compared) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    return () => shown.close(); // which gives the focus back, whichever way led out of it
  }, []);

  const more = useSignal<{ of: string; photos: Picture[] }>({ of: "", photos: [] });
  useEffect(() => {
    let isShown = true;
    const show = (photos: Picture[]) => isShown && (more.value = { of: foundId, photos });
    void owned.server.foundPhotos(foundId).then(show, () => {}); // without a network there is the one that decided
    return () => void (isShown = false);
  }, [foundId]);

  // the order in which it was opened: a match that is said no to must not carry the reader to the end of the list
  const order = useMemo(() => owned.shown.peek().map((match) => match.found_id), []);
  const known = new Map(owned.matches.value.map((match) => [match.found_id, match]));
  const there = order.filter((id) => known.has(id));
  const at = there.indexOf(foundId);
  const match = known.get(foundId);
  if (!match) return null;
  const found = more.value.of === match.found_id ? more.value.photos : [match.photo];
  const go = (step: number) => {
    const next = there[at + step];
    if (!next) return;
    owned.selected.value = next;
    owned.over.compare(next);
  };
  return (
    <dialog
      ref={dialog}
      class="compare"
      aria-label={words.t("match.compare")}
      onClose={() => owned.over.endComparison()}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") go(-1);
        if (event.key === "ArrowRight") go(1);
      }}
    >
      <div class="compare-pictures">
        <figure>
          <Swiped photos={report.photos} says={name} />
          <figcaption>{name}</figcaption>
        </figure>
        <figure>
          <Swiped key={match.found_id} photos={found} says={words.t("match.found")} />
          <figcaption>
            {words.t("match.found")} · {whenAndWhere(words, match)}
          </figcaption>
        </figure>
      </div>
      <div class="compare-foot">
        {owned.problem.value && <Notice problem={owned.problem.value} knownAt={owned.knownAt.value} />}
        <Degree degree={match.degree} word={match.degree_word} />
        <VerdictButtons owned={owned} match={match} name={name} />
        <div class="steps-through">
          <button disabled={at <= 0} aria-label={words.t("match.previous")} onClick={() => go(-1)}>
            ‹
          </button>
          <button onClick={() => dialog.current?.close()}>{words.t("match.close")}</button>
          <button disabled={at < 0 || at >= there.length - 1} aria-label={words.t("match.next")} onClick={() => go(1)}>
            ›
          </button>
        </div>
        <FindersWords match={match} />
      </div>
    </dialog>
  );
}

function Swiped({ photos, says }: { photos: Picture[]; says: string }) {
  const words = useWords();
  return (
    <div class="swipe" tabIndex={0} role="group" aria-label={says}>
      {photos.map((photo, n) => (
        <img
          key={photo.id}
          src={photo.full}
          alt={photos.length > 1 ? words.t("match.one_of", { what: says, n: n + 1, count: photos.length }) : says}
        />
      ))}
    </div>
  );
}

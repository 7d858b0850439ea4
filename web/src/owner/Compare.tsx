import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Report } from "../api";
import { backButton } from "../telegram/telegram";
import { useWords } from "../ui/context";
import { Degree } from "../ui/Degree";
import type { Case } from "./case";
import { placeOf } from "./MatchList";
import { VerdictButtons } from "./VerdictButtons";

interface Compared {
  owned: Case;
  report: Report;
  name: string;
  first: string;
  onClose: () => void;
}

/** Both animals large, one above the other on a phone; the owner's photos can be swiped through. */
export function Compare({ owned, report, name, first, onClose }: Compared) {
  const words = useWords();
  const current = useSignal(first);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => backButton(() => dialog.current?.close()), []);

  const matches = owned.shown.value;
  const at = matches.findIndex((match) => match.found_id === current.value);
  const match = matches[at] ?? owned.matches.value.find((each) => each.found_id === current.value);
  if (!match) return null;
  const go = (step: number) => {
    const next = matches[at + step];
    if (next) owned.selected.value = current.value = next.found_id;
  };
  return (
    <dialog
      ref={dialog}
      class="compare"
      aria-label={words.t("match.compare")}
      onClose={onClose}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") go(-1);
        if (event.key === "ArrowRight") go(1);
      }}
    >
      <div class="compare-pictures">
        <figure>
          <div class="swipe" tabIndex={0} role="group" aria-label={name}>
            {report.photos.map((photo) => (
              <img key={photo.id} src={photo.full} alt={name} />
            ))}
          </div>
          <figcaption>{name}</figcaption>
        </figure>
        <figure>
          <img src={match.photo.full} alt={words.t("match.found")} />
          <figcaption>
            {words.t("match.found")} · {words.ago(match.seen_at)} · {placeOf(words, match)}
          </figcaption>
        </figure>
      </div>
      <div class="compare-foot">
        <Degree degree={match.degree} word={match.degree_word} />
        <VerdictButtons owned={owned} match={match} name={name} />
        <div class="steps-through">
          <button disabled={at <= 0} onClick={() => go(-1)}>
            {words.t("match.previous")}
          </button>
          <button onClick={() => dialog.current?.close()}>{words.t("match.close")}</button>
          <button disabled={at < 0 || at >= matches.length - 1} onClick={() => go(1)}>
            {words.t("match.next")}
          </button>
        </div>
      </div>
    </dialog>
  );
}

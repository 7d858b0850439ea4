import type { Match } from "../../api";
import { useWords } from "../../ui/context";
import { Degree } from "../../ui/Degree";
import type { Case } from "../case";
import { whenAndWhere } from "../MatchList";

interface Chosen {
  owned: Case;
  name: string;
  onCompare: (foundId: string) => void;
}

/** The match that was tapped on the map; leads to the next ones, also without a pointer. */
export function MapCard({ owned, name, onCompare }: Chosen) {
  const words = useWords();
  const matches = owned.shown.value;
  const at = matches.findIndex((match) => match.found_id === owned.selected.value);
  const match = matches[at];
  if (!match) return null;
  const go = (next: Match | undefined) => next && (owned.selected.value = next.found_id);
  return (
    <section class={`map-card ${match.verdict ?? ""}`} aria-label={words.t("map.chosen")}>
      <button class="pair" aria-label={words.t("match.compare")} onClick={() => onCompare(match.found_id)}>
        {owned.report.value?.photos[0] && <img src={owned.report.value.photos[0].crop} alt={name} />}
        <img src={match.photo.crop} alt={words.t("match.found")} />
      </button>
      <div class="map-card-text">
        <Degree degree={match.degree} word={match.degree_word} />
        <p>{whenAndWhere(words, match)}</p>
        <div class="map-card-buttons">
          <button disabled={at === 0} aria-label={words.t("match.previous")} onClick={() => go(matches[at - 1])}>
            ‹
          </button>
          <button onClick={() => onCompare(match.found_id)}>{words.t("match.compare_short")}</button>
          <button disabled={at === matches.length - 1} aria-label={words.t("match.next")} onClick={() => go(matches[at + 1])}>
            ›
          </button>
        </div>
      </div>
      <button class="plain map-card-close" aria-label={words.t("match.close")} onClick={() => (owned.selected.value = null)}>
        ×
      </button>
    </section>
  );
}

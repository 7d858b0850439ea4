import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Match, Report } from "../api";
import { useWords } from "../ui/context";
import { useKeptFocus } from "../ui/focus";
import { useMedia } from "../ui/media";
import { Degree, stepOf } from "../ui/Degree";
import type { Words } from "../words";
import type { Case } from "./case";
import type { Sort } from "./filters";
import { VerdictButtons } from "./VerdictButtons";

const WIDE = "(min-width: 56rem)";
const STEP = 30;

interface Shown {
  owned: Case;
  report: Report;
  name: string;
  onCompare: (foundId: string) => void;
}

/** A table where there is room for one, else cards; more of them as the reader goes down. */
export function MatchList(props: Shown) {
  const isWide = useMedia(WIDE);
  const [many, setMany] = useState(STEP);
  const end = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useKeptFocus(box, ".verdict button"); // an answer hides its row where the filter wants unanswered ones
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && setMany((n) => n + STEP), {
      rootMargin: "600px",
    });
    if (end.current) seen.observe(end.current);
    return () => seen.disconnect();
  }, []);
  const selected = props.owned.selected.value;
  const at = props.owned.shown.value.findIndex((match) => match.found_id === selected);
  useEffect(() => {
    document.getElementById(`match-${selected}`)?.scrollIntoView({ block: "nearest" });
  }, [selected]);

  const matches = props.owned.shown.value.slice(0, Math.max(many, at + 1));
  return (
    <div ref={box}>
      {isWide ? <Table {...props} matches={matches} /> : <Cards {...props} matches={matches} />}
      <div ref={end} />
    </div>
  );
}

type Listed = Shown & { matches: Match[] };

function Cards({ matches, ...props }: Listed) {
  return (
    <ol class="cards">
      {matches.map((match) => (
        <Card key={match.found_id} match={match} {...props} />
      ))}
    </ol>
  );
}

function Card({ match, owned, report, name, onCompare }: Shown & { match: Match }) {
  const words = useWords();
  const isSelected = owned.selected.value === match.found_id;
  return (
    <li
      id={`match-${match.found_id}`}
      class={`card step-${stepOf(match.degree_word)} ${isSelected ? "selected" : ""} ${match.verdict ?? ""}`}
    >
      <Pair match={match} report={report} name={name} onCompare={onCompare} />
      <div class="card-text">
        <Degree degree={match.degree} word={match.degree_word} />
        <p>
          <time dateTime={match.seen_at} title={words.exact(match.seen_at)}>
            {words.ago(match.seen_at)}
          </time>
          {[placeOf(words, match), distanceOf(words, match, report)].map((part) => part && ` · ${part}`)}
          {match.place?.lat != null && (
            <button class="plain to-map" onClick={() => owned.showOnMap(match.found_id)}>
              {words.t("match.on_map")}
            </button>
          )}
        </p>
        <p class="soft">{seenBy(words, match)}</p>
        <FindersWords match={match} />
        <Reasons match={match} />
        <VerdictButtons owned={owned} match={match} name={name} />
      </div>
    </li>
  );
}

const COLUMNS: [`column.${"photo" | "degree" | "when" | "where" | "distance" | "verdict"}`, Sort | null][] = [
  ["column.photo", null],
  ["column.degree", "degree"],
  ["column.when", "time"],
  ["column.where", "district"],
  ["column.distance", "distance"],
  ["column.verdict", null],
];

const DIRECTIONS = { degree: "descending", time: "descending", distance: "ascending", district: "ascending" } as const;
const ARROWS = { descending: " ↓", ascending: " ↑" };

function Table({ matches, ...props }: Listed) {
  const words = useWords();
  const { owned } = props;
  return (
    <table class="matches">
      <thead>
        <tr>
          {COLUMNS.map(([key, sort]) => (
            <th key={key} scope="col" aria-sort={sort && owned.sort.value === sort ? DIRECTIONS[sort] : undefined}>
              {sort ? (
                <button class="plain" onClick={() => owned.choose(owned.filter.value, sort)}>
                  {words.t(key)}
                  {owned.sort.value === sort ? ARROWS[DIRECTIONS[sort]] : ""}
                </button>
              ) : (
                words.t(key)
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {matches.map((match) => (
          <Row key={match.found_id} match={match} {...props} />
        ))}
      </tbody>
    </table>
  );
}

/** Why it is so likely stands below, across the whole table. */
function Row({ match, owned, report, name, onCompare }: Shown & { match: Match }) {
  const words = useWords();
  const isExplained = useSignal(false);
  const isSelected = owned.selected.value === match.found_id;
  return (
    <>
      <tr
        id={`match-${match.found_id}`}
        class={`${isSelected ? "selected" : ""} ${match.verdict ?? ""} ${isExplained.value ? "explained" : ""}`}
        onClick={() => (owned.selected.value = match.found_id)}
      >
        <td>
          <Pair match={match} report={report} name={name} onCompare={onCompare} />
        </td>
        <td>
          <Degree degree={match.degree} word={match.degree_word} />
          <button
            class="plain why"
            aria-expanded={isExplained.value}
            aria-controls={`why-${match.found_id}`}
            onClick={() => (isExplained.value = !isExplained.value)}
          >
            {words.t("match.why")}
          </button>
        </td>
        <td>
          <time dateTime={match.seen_at} title={words.exact(match.seen_at)}>
            {words.ago(match.seen_at)}
          </time>
        </td>
        <td>
          {placeOf(words, match)}
          {match.place?.lat != null && (
            <button class="plain to-map" onClick={() => owned.showOnMap(match.found_id)}>
              {words.t("match.on_map")}
            </button>
          )}
          <p class="soft">{seenBy(words, match)}</p>
          <FindersWords match={match} />
        </td>
        <td>{match.distance_km !== null && words.distance(match.distance_km)}</td>
        <td>
          <VerdictButtons owned={owned} match={match} name={name} />
        </td>
      </tr>
      {isExplained.value && (
        <tr id={`why-${match.found_id}`} class={match.verdict ?? ""}>
          <td class="reasons" colSpan={COLUMNS.length}>
            <ReasonList match={match} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The owner's photo beside the found one; a tap shows both large. */
function Pair({ match, report, name, onCompare }: Pick<Shown, "report" | "name" | "onCompare"> & { match: Match }) {
  const words = useWords();
  const own = report.photos[0];
  return (
    <button class="pair" aria-label={words.t("match.compare")} onClick={() => onCompare(match.found_id)}>
      {own && <img src={own.crop} alt={name} loading="lazy" width="320" height="320" />}
      <img src={match.photo.crop} alt={words.t("match.found")} loading="lazy" width="320" height="320" />
    </button>
  );
}

function Reasons({ match }: { match: Match }) {
  const words = useWords();
  return (
    <details class="reasons">
      <summary>{words.t("match.why")}</summary>
      <ReasonList match={match} />
    </details>
  );
}

function ReasonList({ match }: { match: Match }) {
  const words = useWords();
  const { breed } = match;
  return (
    <ul>
      {match.reasons.map((reason) => (
        <li key={reason.code}>{reason.text}</li>
      ))}
      {breed && <li>{words.t("match.breed", { name: breed.name, percent: words.percent(breed.probability) })}</li>}
      <li class="soft">
        {words.t("match.l2", {
          value: words.number(match.l2_distance, 2),
          pairs: match.compared_pairs,
          model: match.model,
        })}
      </li>
    </ul>
  );
}

/** What the finder wrote: the beginning in a list, all of it in the comparison. */
export function FindersWords({ match }: { match: Match }) {
  const words = useWords();
  if (!match.description) return null;
  return (
    <p class="finders-words">
      <span class="soft">{words.t("match.finder_writes")}</span> {match.description}
    </p>
  );
}

/** In words; null where only the map shows it. */
function placeOf(words: Words, match: Match): string | null {
  const parts = [match.place?.name, match.place?.district].filter(Boolean);
  if (parts.length > 0) return parts.join(", ");
  return match.place?.lat != null ? null : words.t("match.place_unknown");
}

export function whenAndWhere(words: Words, match: Match): string {
  return [words.ago(match.seen_at), placeOf(words, match)].filter(Boolean).join(" · ");
}

function distanceOf(words: Words, { distance_km: km }: Match, { home }: Report): string | null {
  return km === null ? null : words.t(home ? "match.from_home" : "match.from_loss", { distance: words.distance(km) });
}

export function seenBy(words: Words, match: Match): string {
  const who = match.camera ? words.t("match.by_camera", { name: match.camera.name }) : words.t("match.by_person");
  return match.held ? `${who}. ${words.t(`match.${match.held}`)}` : who;
}

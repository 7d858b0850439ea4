import type { Card, Models } from "./api";
import { CurveChart } from "./CurveChart";
import { Shown, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

type Numbers = Record<string, number>;

const FIGURES = { rank_1: "rank-1", map: "mAP", eer: "EER" } as const;

/** The models in use, how good they are, and what their distances mean. */
export function ModelDesk() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const loaded = useLoaded(() => desk.get<Models>("/desk/models"));
  return (
    <>
      <h1>{words.t("models.title")}</h1>
      <Shown loaded={loaded}>
        {({ items, reindex }) => (
          <>
            <Reindex of={reindex} />
            {items.length === 0 && <p class="empty">{words.t("models.none")}</p>}
            <ul class="desk-list">
              {[...items].sort((a, b) => Number(b.in_use) - Number(a.in_use) || b.kind.localeCompare(a.kind)).map((card) => (
                <CardRow key={card.name} card={card} />
              ))}
            </ul>
          </>
        )}
      </Shown>
    </>
  );
}

function Reindex({ of }: { of: Models["reindex"] }) {
  const words = useDeskWords();
  return (
    <>
      {of.next && (
        <div class="notice" role="status">
          <p>{words.t("models.reindex", { next: of.next })}</p>
          <progress max={of.total} value={of.embedded} aria-label={of.next} />
          <p class="soft">{words.t("models.progress", { done: words.words.number(of.embedded), total: words.words.number(of.total) })}</p>
        </div>
      )}
      {of.failed && <p class="notice">{words.t("models.failed", { error: of.failed })}</p>}
      {of.waiting > 0 && <p class="notice">{words.count("models.waiting", of.waiting)}</p>}
    </>
  );
}

function CardRow({ card }: { card: Card }) {
  const words = useDeskWords();
  return (
    <li class="desk-row model-row">
      <div class="row-text">
        <h2>{card.name}</h2>
        <p class="soft">
          {[words.t(`models.${card.kind}`), card.licence].join(" · ")}
          {card.in_use && (
            <>
              {" "}
              <span class="mark">{words.t("models.in_use")}</span>
            </>
          )}
        </p>
        {card.kind === "embedder" && card.alert_degree !== null && (
          <p>{words.t("models.alert", { degree: words.words.percent(card.alert_degree) })}</p>
        )}
        <Curves card={card} />
        <Figures card={card} />
        {card.thresholds && <Thresholds of={card.thresholds} />}
      </div>
    </li>
  );
}

function Curves({ card }: { card: Card }) {
  const words = useDeskWords();
  if (card.kind !== "embedder") return null;
  if (card.curves.length === 0) return <p class="notice">{words.t("models.uncalibrated")}</p>;
  return (
    <div class="curves">
      {card.curves.map((curve) => (
        <CurveChart key={curve.species + curve.part} curve={curve} />
      ))}
    </div>
  );
}

function Figures({ card }: { card: Card }) {
  const words = useDeskWords();
  const sets = Object.entries(card.figures ?? {}).filter((pair): pair is [string, Numbers] => isOfSet(pair[1]));
  const others = flat(card.figures ?? {}, "").filter(([name]) => !sets.some(([set]) => name.startsWith(`${set} › `)));
  if (sets.length === 0 && others.length === 0) return null;
  return (
    <details class="more">
      <summary>{words.t("models.figures")}</summary>
      {sets.length > 0 && <SetTable sets={sets} />}
      <dl class="facts">
        {others.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{words.words.number(value, 4)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function SetTable({ sets }: { sets: [string, Numbers][] }) {
  const words = useDeskWords();
  return (
    <div class="wide" tabIndex={0} role="region" aria-label={words.t("models.figures")}>
      <table class="desk-table">
        <thead>
          <tr>
            <th scope="col">{words.t("models.set")}</th>
            {Object.values(FIGURES).map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sets.map(([set, row]) => (
            <tr key={set}>
              <th scope="row">{set}</th>
              {Object.entries(FIGURES).map(([name, column]) => (
                <td key={name} data-column={column}>{row[name] === undefined ? "" : words.words.number(row[name], 3)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isOfSet(row: unknown): row is Numbers {
  return typeof row === "object" && row !== null && Object.keys(FIGURES).every((name) => name in row);
}

/** Every number of a tree, with the way to it. */
function flat(tree: object, way: string): [string, number][] {
  return Object.entries(tree).flatMap(([name, value]): [string, number][] => {
    if (typeof value === "number") return [[way + name, value]];
    return typeof value === "object" && value !== null ? flat(value as object, `${way}${name} › `) : [];
  });
}

function Thresholds({ of }: { of: Record<string, number> }) {
  const words = useDeskWords();
  return (
    <dl class="facts">
      {Object.entries(of).map(([label, least]) => (
        <div key={label}>
          <dt>
            {words.t("models.thresholds")}, {label}
          </dt>
          <dd>{words.words.number(least, 2)}</dd>
        </div>
      ))}
    </dl>
  );
}

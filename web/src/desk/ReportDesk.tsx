import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import type { Block, Items, Moderated } from "./api";
import { DecisionForm } from "./DecisionForm";
import { asProblem, Shown, Sure, Trouble, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

const LISTS = ["flagged", "newest", "hidden", "blocked"] as const;
type List = (typeof LISTS)[number];
const PATHS: Record<Exclude<List, "blocked">, string> = {
  flagged: "/desk/reports?flagged=true",
  newest: "/desk/reports?limit=20",
  hidden: "/desk/reports?status=hidden&limit=20",
};

/** Reports with their photos, what people say against them, and what is done about it. */
export function ReportDesk() {
  const words = useDeskWords();
  const { me } = useSeat();
  const one = /^#reports\/(\w+)$/.exec(location.hash)?.[1];
  const list = useSignal<List>(me.waiting.reports ? "flagged" : "newest");
  return (
    <>
      <h1>{words.t("reports.title")}</h1>
      {one ? (
        <One id={one} />
      ) : (
        <>
          <div class="actions">
            {LISTS.map((each) => (
              <button key={each} class="chip" aria-pressed={each === list.value} onClick={() => (list.value = each)}>
                {words.t(`reports.${each}`)}
              </button>
            ))}
          </div>
          {list.value === "blocked" ? <Blocks /> : <Reports key={list.value} list={list.value} />}
        </>
      )}
    </>
  );
}

function One({ id }: { id: string }) {
  const { desk } = useSeat();
  const loaded = useLoaded(() => desk.get<Moderated>(`/desk/reports/${id}`), [id]);
  return (
    <ul class="desk-list">
      <Shown loaded={loaded}>{(report) => <ReportRow report={report} changed={loaded.again} />}</Shown>
    </ul>
  );
}

function Reports({ list }: { list: Exclude<List, "blocked"> }) {
  const words = useDeskWords();
  const { desk, recount } = useSeat();
  const problem = useSignal<Problem | null>(null);
  const loaded = useLoaded(() => desk.get<Items<Moderated>>(PATHS[list]));
  const more = async (cursor: string) => {
    const before = loaded.data.value!;
    try {
      const page = await desk.get<Items<Moderated>>(`${PATHS[list]}&cursor=${encodeURIComponent(cursor)}`);
      loaded.data.value = { items: [...before.items, ...page.items], next: page.next };
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  const changed = async () => {
    await loaded.again();
    recount();
  };
  return (
    <Shown loaded={loaded}>
      {({ items, next }) => (
        <>
          {items.length === 0 && <p class="empty">{words.t(list === "flagged" ? "reports.none_flagged" : "reports.none")}</p>}
          <ul class="desk-list">
            {items.map((report) => (
              <ReportRow key={report.id} report={report} changed={changed} />
            ))}
          </ul>
          <Trouble of={problem} />
          {next && <button onClick={() => void more(next)}>{words.t("more")}</button>}
        </>
      )}
    </Shown>
  );
}

function ReportRow({ report, changed }: { report: Moderated; changed: () => Promise<void> }) {
  const words = useDeskWords();
  const kind = words.t(`reports.${report.shelf}.${report.species}`);
  const marks = [
    report.status === "open" ? null : words.t(`status.${report.status}`),
    report.listed ? words.t("reports.on_board") : null,
    report.is_blocked ? words.t("reports.sender_blocked") : null,
  ].filter((mark) => mark !== null);
  return (
    <li class="desk-row report-row">
      <div class="strip" role="group" aria-label={kind} tabIndex={0}>
        {report.photos.map((photo, n) => (
          <a key={photo.thumb} href={photo.full} target="_blank" rel="noreferrer">
            <img src={photo.crop} alt={words.t("reports.photo", { n: n + 1 })} loading="lazy" width="160" height="160" />
          </a>
        ))}
      </div>
      <div class="row-text">
        <h2>{report.name ? `${kind}: ${report.name}` : kind}</h2>
        <p class="soft">
          <time dateTime={report.created_at} title={words.words.exact(report.created_at)}>
            {words.words.ago(report.created_at)}
          </time>
          {report.district && ` · ${report.district}`}
        </p>
        {marks.length > 0 && (
          <p class="marks">
            {marks.map((mark) => (
              <span key={mark} class="mark">
                {mark}
              </span>
            ))}
          </p>
        )}
        {report.description && <p class="said-words">{report.description}</p>}
        <Facts pairs={[[words.t("reports.place"), report.place], [words.t("reports.contact"), report.contact]]} />
        <Complaints report={report} />
        <DecisionForm report={report} changed={changed} />
        {report.history.length > 0 && (
          <details class="more">
            <summary>{words.t("reports.history")}</summary>
            <ul class="lines">
              {report.history.map((deed) => (
                <li key={deed.id}>
                  {words.words.day(deed.at)} · {deed.who}: {words.named("act", deed.act)}
                  {deed.why && ` — ${deed.why}`}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </li>
  );
}

function Facts({ pairs }: { pairs: [string, string | null][] }) {
  const known = pairs.filter(([, value]) => value);
  if (known.length === 0) return null;
  return (
    <dl class="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Complaints({ report }: { report: Moderated }) {
  const words = useDeskWords();
  if (report.complaints.length === 0) return null;
  return (
    <div class="complaints">
      <b>{words.count("reports.complaints", report.complaints.length)}</b>
      <ul class="lines">
        {report.complaints.map((said, n) => (
          <li key={n}>
            <b>{words.named("complaint", said.kind)}</b> <span class="soft">{words.words.ago(said.created_at)}</span>
            {said.text && <p class="said-words">{said.text}</p>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Blocks() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const loaded = useLoaded(() => desk.get<Items<Block>>("/desk/blocks"));
  return (
    <Shown loaded={loaded}>
      {({ items }) =>
        items.length === 0 ? (
          <p class="empty">{words.t("block.none")}</p>
        ) : (
          <ul class="desk-list">
            {items.map((block) => (
              <li key={block.id} class="desk-row plain-row">
                <div class="row-text">
                  <p class="said-words">{block.why}</p>
                  <p class="soft">
                    {[
                      words.t(block.network ? "block.network" : "block.account"),
                      words.t("block.by", { name: block.by }),
                      words.words.day(block.created_at),
                      !block.holds
                        ? words.t("block.ended")
                        : block.until
                          ? words.t("block.until", { day: words.words.day(block.until) })
                          : words.t("block.forever"),
                    ].join(" · ")}
                  </p>
                </div>
                {block.holds && (
                  <Sure
                    label={words.t("block.lift")}
                    question={`${words.t("block.lift")}?`}
                    act={() => desk.remove(`/desk/blocks/${block.id}`).then(loaded.again)}
                  />
                )}
              </li>
            ))}
          </ul>
        )
      }
    </Shown>
  );
}

import { recallAll } from "../owner/kept";
import { LostLink } from "../email/LostLink";
import { useWords } from "../ui/context";
import { PasteLink } from "./PasteLink";

export function FrontPage() {
  const words = useWords();
  return (
    <section class="front">
      <Mine />
      <h1>{words.t("front.title")}</h1>
      <p class="lead">{words.t("front.text")}</p>
      <p class="actions">
        <a class="button main" href="/lost/new">
          {words.t("front.lost")}
        </a>
        <a class="button" href="/found/new">
          {words.t("front.found")}
        </a>
      </p>
      <p>
        <a href="/board">{words.t("front.board")}</a>
      </p>
      <PasteLink />
      <LostLink />
      <p>
        <a class="soft" href="/privacy">
          {words.t("front.privacy")}
        </a>
        {" · "}
        <a class="soft" href="/api/docs">
          {words.t("front.api")}
        </a>
      </p>
    </section>
  );
}

/** Cases that were opened on this device: an installed page begins here, also without a network. */
function Mine() {
  const words = useWords();
  const cases = recallAll();
  if (cases.length === 0) return null;
  return (
    <nav class="mine" aria-label={words.t("front.mine")}>
      {cases.map(({ report }) => (
        <a key={report.id} class="card" href={`/${report.shelf}/${report.id}`}>
          {report.photos[0] && (
            <img
              src={report.photos[0].crop} // which the case's own page shows too: without a network no other is there
              alt=""
              width="72"
              height="72"
              onError={(event) => (event.currentTarget.style.display = "none")}
            />
          )}
          <span>
            <strong>{report.name ?? words.t(`poster.${report.species}`)}</strong>
            <span class="soft">{words.t(`front.${report.shelf}_since`, { when: words.ago(report.happened_at) })}</span>
          </span>
        </a>
      ))}
    </nav>
  );
}

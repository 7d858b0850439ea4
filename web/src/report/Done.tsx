import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { asProblem, ERASED, Server } from "../api";
import { LettersForm } from "../email/LettersForm";
import { likelyOwners } from "../finder/likely";
import { isLikely } from "../owner/case";
import { keep } from "../owner/kept";
import { NoPicture } from "../owner/NoPicture";
import { PushSwitch } from "../push/PushSwitch";
import { useWords } from "../ui/context";
import { LinkBox } from "../ui/LinkBox";
import { Trouble } from "../ui/Trouble";
import type { Filed } from "./send";

const PENDING_MS = 2000;

/** The link to keep, whether there is somebody to look at already, and what to do next. */
export function Done({ filed }: { filed: Filed }) {
  const words = useWords();
  const server = useMemo(() => new Server(filed.id, words.language), [filed.id]);
  const likely = useSignal(0);
  const isErased = useSignal(false); // whoever erased it and goes back must not read that it is searched for
  useEffect(() => {
    const open = async () => {
      await server.openSession(new URLSearchParams(new URL(filed.link).hash.slice(1)).get("token")!);
      await look();
    };
    const look = async () => {
      const { matches, ...report } = await server.report();
      const owners = report.shelf === "found" ? await server.owners() : [];
      keep(filed.id, { report, matches, owners, at: Date.now() }); // the front page of this device leads to it
      likely.value = report.shelf === "found" ? likelyOwners(owners, report.about).length : matches.filter(isLikely).length;
      if (report.pending) looking = setTimeout(() => void look().catch(() => {}), PENDING_MS);
    };
    let looking: ReturnType<typeof setTimeout> | undefined;
    open().catch((error: unknown) => (isErased.value = asProblem(error).code === ERASED.code)); // opening the link does the same
    return () => clearTimeout(looking);
  }, [server]);
  const title = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => title.current?.focus({ preventScroll: true }), []); // the form that held the focus is gone
  const { link, shelf } = filed;
  const here = new URL(link).pathname + new URL(link).hash;
  if (isErased.value) return <Trouble problem={ERASED} />;
  return (
    <section class="done">
      <h1 ref={title} tabIndex={-1}>
        {words.t(`report.done_${shelf}`)}
      </h1>
      <p class="lead" role="status">
        {likely.value > 0 && words.count(shelf === "lost" ? "report.done_matches" : "finder.owners", likely.value)}
      </p>
      <a class="button main" href={here}>
        {words.t("report.open")}
      </a>
      <NoPicture report={filed} />
      <p>{words.t("report.keep_link")}</p>
      <LinkBox link={link} />
      <PushSwitch server={server} reportId={filed.id} />
      <LettersForm server={server} />
      {shelf === "lost" && <Tips species={filed.species} />}
      <p>
        <button class="plain" onClick={startAnother}>
          {words.t("report.another")}
        </button>
      </p>
    </section>
  );
}

/** An empty form: this page shows what was filed as long as its place in the history says so. */
function startAnother(): void {
  history.replaceState(null, "");
  location.reload();
}

/** The first two points, and the page with all of them and their sources. */
function Tips({ species }: { species: Filed["species"] }) {
  const words = useWords();
  return (
    <section>
      <h2>{words.t("tips.title")}</h2>
      <ol class="tips">
        <li>{words.t(`tips.${species}.1`)}</li>
        <li>{words.t("tips.both.2")}</li>
      </ol>
      <a class="button" href={`/now?species=${species}&lang=${words.language}`}>
        {words.t("tips.all")}
      </a>
    </section>
  );
}

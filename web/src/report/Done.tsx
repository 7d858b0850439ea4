import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Server } from "../api";
import { LettersForm } from "../email/LettersForm";
import { useWords } from "../ui/context";
import type { Filed } from "./send";

/** The link to keep, and what to do next. */
export function Done({ filed }: { filed: Filed }) {
  const words = useWords();
  const server = useMemo(() => new Server(filed.id, words.language), [filed.id]);
  useEffect(() => void server.openSession(new URLSearchParams(new URL(filed.link).hash.slice(1)).get("token")!), [server]);
  const isCopied = useSignal(false);
  const { link, shelf } = filed;
  const here = new URL(link).pathname + new URL(link).hash;
  return (
    <section class="done">
      <h1>{words.t(`report.done_${shelf}`)}</h1>
      <a class="button main" href={here}>
        {words.t("report.open")}
      </a>
      <p>{words.t("report.keep_link")}</p>
      <output class="link">{link}</output>
      <div class="actions">
        <button
          onClick={() => {
            void navigator.clipboard.writeText(link).then(() => (isCopied.value = true));
          }}
        >
          {words.t(isCopied.value ? "report.copied" : "report.copy")}
        </button>
        {"share" in navigator && (
          <button onClick={() => void navigator.share({ url: link }).catch(() => {})}>{words.t("report.share")}</button>
        )}
      </div>
      <LettersForm server={server} />
      {shelf === "lost" && <Tips species={filed.species} />}
    </section>
  );
}

function Tips({ species }: { species: Filed["species"] }) {
  const words = useWords();
  return (
    <section>
      <h2>{words.t("tips.title")}</h2>
      <ol class="tips">
        <li>{words.t(`tips.${species}.1`)}</li>
        {(["2", "3", "4", "5"] as const).map((n) => (
          <li key={n}>{words.t(`tips.both.${n}`)}</li>
        ))}
      </ol>
      {species === "cat" && <p class="soft">{words.t("tips.source")}</p>}
    </section>
  );
}

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Match } from "../api";
import { Connect } from "../talk/Connect";
import { useWords } from "../ui/context";
import { useKeptFocus } from "../ui/focus";
import type { Case } from "./case";
import { VERDICTS } from "./filters";

/** What the owner says of a match; once said, it stands there and can be changed, be it on its way yet or not, while the search goes on. */
export function VerdictButtons({ owned, match, name }: { owned: Case; match: Match; name: string }) {
  const words = useWords();
  const isChanging = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useKeptFocus(box, "button");
  const unsent = owned.unsent.value.get(match.found_id);
  const said = unsent ?? match.verdict;
  const isOpen = owned.report.value?.status === "open";
  const isUntold = !owned.talks.areFresh.value && owned.problem.value?.status === 0; // perhaps they talk already
  const mayAsk = isOpen && !unsent && said === "same" && match.source === "person" && !isUntold;
  if (!said && !isOpen) return null;
  if (said && !(isOpen && isChanging.value)) {
    return (
      <div ref={box} class="said">
        {words.t(`verdict.said_${said}`)}{" "}
        {unsent && <p role="status">{words.t("verdict.unsent")}</p>}
        {isOpen && (
          <button class="plain" onClick={() => (isChanging.value = true)}>
            {words.t("verdict.undo")}
          </button>
        )}
        <Connect talks={owned.talks} lostId={owned.id} foundId={match.found_id} text={mayAsk ? words.t("talk.connect") : null} />
      </div>
    );
  }
  return (
    <div ref={box} class="verdict" role="group" aria-label={words.t("verdict.ask", { name })}>
      {VERDICTS.map((verdict) => (
        <button
          key={verdict}
          class={verdict === "same" ? "main" : ""}
          onClick={(event) => {
            event.stopPropagation();
            void owned.judge(match, verdict).then(() => (isChanging.value = false));
          }}
        >
          {words.t(`verdict.${verdict}`)}
        </button>
      ))}
    </div>
  );
}

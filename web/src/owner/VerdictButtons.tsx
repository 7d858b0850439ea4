import { useSignal } from "@preact/signals";
import type { Match } from "../api";
import { useWords } from "../ui/context";
import type { Case } from "./case";
import { VERDICTS } from "./filters";

/** What the owner says of a match; once said, it stands there and can be changed. */
export function VerdictButtons({ owned, match, name }: { owned: Case; match: Match; name: string }) {
  const words = useWords();
  const isChanging = useSignal(false);
  const isTalking = owned.talks.all.value.some(({ handover }) => handover.found_id === match.found_id);
  if (match.verdict && !isChanging.value) {
    return (
      <div class="said">
        {words.t(`verdict.said_${match.verdict}`)}{" "}
        <button class="plain" onClick={() => (isChanging.value = true)}>
          {words.t("verdict.undo")}
        </button>
        {match.verdict === "same" && match.source === "person" && !isTalking && (
          <button class="main" onClick={() => void owned.talks.propose(owned.id, match.found_id)}>
            {words.t("talk.connect")}
          </button>
        )}
      </div>
    );
  }
  return (
    <div class="verdict" role="group" aria-label={words.t("verdict.ask", { name })}>
      {owned.unsent.value.has(match.found_id) && (
        <p class="said" role="status">
          {words.t("verdict.unsent")}
        </p>
      )}
      {VERDICTS.map((verdict) => (
        <button
          key={verdict}
          class={verdict === "same" ? "main" : ""}
          onClick={(event) => {
            event.stopPropagation();
            isChanging.value = false;
            void owned.judge(match, verdict);
          }}
        >
          {words.t(`verdict.${verdict}`)}
        </button>
      ))}
    </div>
  );
}

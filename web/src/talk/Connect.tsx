import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Problem } from "../api";
import { useWords } from "../ui/context";
import { useKeptFocus } from "../ui/focus";
import { saidOf } from "../ui/Notice";
import type { Talks } from "./talks";

interface Connected {
  talks: Talks;
  lostId: string;
  foundId: string;
  /** What the button says; without it there is only the way to a conversation that is there already. */
  text: string | null;
}

/** Asks the other side to talk, and says so where it was asked: that it was, or why it could not be. */
export function Connect({ talks, lostId, foundId, text }: Connected) {
  const words = useWords();
  const isBusy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const box = useRef<HTMLDivElement>(null);
  useKeptFocus(box, "button");
  const talk = talks.all.value.find(({ handover }) => handover.lost_id === lostId && handover.found_id === foundId);
  if (!talk && !text) return null;
  const ask = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = await talks.propose(lostId, foundId);
    isBusy.value = false;
  };
  return (
    <div ref={box} class="connect">
      {!talk ? (
        <button class="main" aria-busy={isBusy.value} onClick={() => void ask()}>
          {text}
        </button>
      ) : (
        <p role="status">
          {talk.handover.i_agree && !talk.handover.other_agrees && !talk.handover.is_over && words.t(`talk.told_${talk.handover.side}`)}{" "}
          <button class="plain" onClick={(event) => lead(event.currentTarget, talk.handover.id)}>
            {words.t("talk.go")}
          </button>
        </p>
      )}
      {!talk && problem.value && (
        <p class="notice" role="alert">
          {saidOf(words, problem.value)}
        </p>
      )}
    </div>
  );
}

/** To the conversation, out of a dialog if need be. */
function lead(from: HTMLElement, handoverId: string): void {
  from.closest("dialog")?.close();
  const talk = document.getElementById(`talk-${handoverId}`);
  talk?.scrollIntoView();
  talk?.focus({ preventScroll: true });
}

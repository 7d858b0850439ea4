import { useRef } from "preact/hooks";
import type { Handover } from "../api";
import { useWords } from "../ui/context";
import { Deed } from "../ui/Deed";
import { useKeptFocus } from "../ui/focus";
import type { Words } from "../words";
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
  const box = useRef<HTMLDivElement>(null);
  useKeptFocus(box, "button");
  const talk = talks.all.value.find(({ handover }) => handover.lost_id === lostId && handover.found_id === foundId && handover.i_agree !== false);
  if (!talk && !text) return null;
  return (
    <div ref={box} class="connect">
      {!talk ? (
        <Deed look="main" text={text!} act={() => talks.propose(lostId, foundId)} />
      ) : (
        <p role="status">
          {standing(words, talk.handover)}{" "}
          <button class="plain" onClick={(event) => lead(event.currentTarget, talk.handover.id)}>
            {words.t("talk.go")}
          </button>
        </p>
      )}
    </div>
  );
}

/** The other side was asked, or has agreed. */
function standing(words: Words, { side, i_agree, is_open, is_over }: Handover): string | null {
  if (is_over || !i_agree) return null;
  return words.t(is_open ? `talk.open_${side}` : `talk.told_${side}`);
}

/** To the conversation, out of a dialog if need be. */
function lead(from: HTMLElement, handoverId: string): void {
  from.closest("dialog")?.close();
  const talk = document.getElementById(`talk-${handoverId}`);
  talk?.scrollIntoView();
  talk?.focus({ preventScroll: true });
}

import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import { useWords } from "./context";
import { saidOf } from "./Notice";

interface Done {
  text: string;
  /** How the button looks. */
  look?: "main" | "plain" | "";
  isDisabled?: boolean;
  /** What kept it from being done, if anything did. */
  act: () => Promise<Problem | null>;
}

/** A button that does something on the server, and says beside it where that was not done. */
export function Deed({ text, look = "", isDisabled = false, act }: Done) {
  const isBusy = useSignal(false); // a second tap does nothing twice
  const problem = useSignal<Problem | null>(null);
  const go = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = null;
    problem.value = await act();
    isBusy.value = false;
  };
  return (
    <>
      <button type="button" class={look} disabled={isDisabled} aria-busy={isBusy.value} onClick={() => void go()}>
        {text}
      </button>
      <NotDone problem={problem.value} />
    </>
  );
}

/** True also once the network is there again. */
export function NotDone({ problem }: { problem: Problem | null }) {
  const words = useWords();
  if (!problem) return null;
  return (
    <p class="notice" role="alert">
      {problem.status === 0 ? words.t("problem.not_done") : saidOf(words, problem)}
    </p>
  );
}
